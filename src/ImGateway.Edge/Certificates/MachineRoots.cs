using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ImGateway.Edge.Certificates;

/// <summary>The roots this machine trusts.</summary>
static class MachineRoots
{
    public static bool Issued(X509Certificate2 certificate) =>
        Issued(certificate, StoreLocation.LocalMachine) || Issued(certificate, StoreLocation.CurrentUser);

    static bool Issued(X509Certificate2 certificate, StoreLocation location)
    {
        using var store = new X509Store(StoreName.Root, location);
        try
        {
            store.Open(OpenFlags.ReadOnly | OpenFlags.OpenExistingOnly);
        }
        catch (CryptographicException)
        {
            // No such store: a user without a home folder has none, and trusts nothing in it.
            return false;
        }

        var roots = store.Certificates;
        try
        {
            return roots.Any(certificate.IsIssuedBy);
        }
        finally
        {
            foreach (var root in roots) root.Dispose();
        }
    }
}
