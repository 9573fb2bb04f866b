namespace ImGateway.Edge.Certificates.Store;

/// <summary>The edge cannot start with the certificates it was given. Each line stands for itself; none holds a secret.</summary>
public sealed class CertificateLoadException(IReadOnlyList<string> lines) : Exception(string.Join(Environment.NewLine, lines))
{
    public IReadOnlyList<string> Lines => lines;
}
