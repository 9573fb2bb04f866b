using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates.X509;

/// <summary>
/// The machine's trust store, read at the first question. For one pass over certificates: each reading decodes more than a hundred roots, and the store may
/// be changed later.
/// </summary>
sealed class MachineRoots
{
    readonly Lazy<ILookup<string, X509Certificate2>> _byName = new(() =>
        Read(StoreLocation.LocalMachine).Concat(Read(StoreLocation.CurrentUser)).ToLookup(root => DistinguishedNames.KeyOf(root.SubjectName.RawData), StringComparer.Ordinal));

    /// <summary>Whether <paramref name="certificate"/> is a trusted root or was issued by one.</summary>
    public bool Trusts(X509Certificate2 certificate) =>
        Named(certificate.SubjectName).Any(root => root.RawDataMemory.Span.SequenceEqual(certificate.RawDataMemory.Span))
        || Named(certificate.IssuerName).Any(root => VerifiedIssuers.IsIssuedBy(certificate, root));

    IEnumerable<X509Certificate2> Named(X500DistinguishedName name) => _byName.Value[DistinguishedNames.KeyOf(name.RawData)];

    static X509Certificate2Collection Read(StoreLocation location)
    {
        using var store = new X509Store(StoreName.Root, location);
        try
        {
            store.Open(OpenFlags.ReadOnly | OpenFlags.OpenExistingOnly);
            return store.Certificates;
        }
        catch (CryptographicException)
        {
            // A user without a home directory has no such store.
            return [];
        }
    }
}
