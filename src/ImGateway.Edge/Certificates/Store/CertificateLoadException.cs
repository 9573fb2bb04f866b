namespace ImGateway.Edge.Certificates.Store;

/// <summary>The certificates cannot be loaded. Each line is one problem with its remedy; none contains a secret.</summary>
public sealed class CertificateLoadException(IReadOnlyList<string> lines) : Exception(string.Join(Environment.NewLine, lines))
{
    public IReadOnlyList<string> Lines => lines;
}
