using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates.X509;

/// <summary>The machine's trust store.</summary>
static class MachineRoots
{
    /// <summary>Whether <paramref name="certificate"/> is a trusted root or was issued by one.</summary>
    public static bool Trusts(X509Certificate2 certificate) =>
        Vouches(certificate, StoreLocation.LocalMachine) || Vouches(certificate, StoreLocation.CurrentUser);

    static bool Vouches(X509Certificate2 certificate, StoreLocation location)
    {
        using var store = new X509Store(StoreName.Root, location);
        try
        {
            store.Open(OpenFlags.ReadOnly | OpenFlags.OpenExistingOnly);
        }
        catch (CryptographicException)
        {
            // A user without a home directory has no such store.
            return false;
        }

        var roots = store.Certificates;
        var issuer = DistinguishedNames.KeyOf(certificate.IssuerName.RawData);
        try
        {
            return roots.Any(root => root.RawDataMemory.Span.SequenceEqual(certificate.RawDataMemory.Span)
                || (DistinguishedNames.KeyOf(root.SubjectName.RawData) == issuer && certificate.IsIssuedBy(root)));
        }
        finally
        {
            foreach (var root in roots) root.Dispose();
        }
    }
}
