using System.Security.Cryptography.X509Certificates;

namespace ImGateway.Testing;

/// <summary>A root that this user of the machine trusts until it is disposed. Other tests do not notice: each has roots of its own.</summary>
public sealed class TrustedRoot : IDisposable
{
    readonly X509Certificate2 _root;

    public TrustedRoot(X509Certificate2 root)
    {
        _root = X509CertificateLoader.LoadCertificate(root.RawData);
        using var store = Open();
        store.Add(_root);
    }

    public void Dispose()
    {
        using (var store = Open()) store.Remove(_root);
        _root.Dispose();
    }

    static X509Store Open()
    {
        var store = new X509Store(StoreName.Root, StoreLocation.CurrentUser);
        store.Open(OpenFlags.ReadWrite);
        return store;
    }
}
