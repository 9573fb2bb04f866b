using System.Text.Json.Nodes;

namespace ImGateway.Testing;

/// <summary>A CA as the configuration of an edge names it.</summary>
/// <param name="RootsPem">Of the CA's own HTTPS, and of what it issues where they are named too.</param>
/// <param name="HttpPort">Where the CA connects for http-01.</param>
/// <param name="TlsPort">Where the CA connects for tls-alpn-01.</param>
public sealed record EdgeCa(Uri Directory, string RootsPem, int HttpPort, int TlsPort)
{
    public static EdgeCa Of(Pebble pebble) => new(pebble.Directory, pebble.HttpsRootPem, pebble.HttpPort, pebble.TlsPort);

    /// <summary>From now on it validates at two ports that were free. As a company's CA, all of whose roots are named.</summary>
    public static EdgeCa Of(ScriptableCa ca)
    {
        (ca.HttpPort, ca.TlsPort) = (FreePort.Next(), FreePort.Next());
        return new EdgeCa(ca.Directory, $"{ca.TrustedRootPem}\n{ca.IssuingRoot.ExportCertificatePem()}\n", ca.HttpPort, ca.TlsPort);
    }

    internal void WriteTo(JsonObject edge, string directory)
    {
        var roots = Path.Combine(directory, "ca-roots.pem");
        File.WriteAllText(roots, RootsPem);
        EdgeSetup.Set(edge, "Listen:Http", EdgeSetup.Array([$"127.0.0.1:{HttpPort}"]));
        EdgeSetup.Set(edge, "Listen:Https", EdgeSetup.Array([$"127.0.0.1:{TlsPort}"]));
        EdgeSetup.Set(edge, "Acme:Directory", Directory.AbsoluteUri);
        EdgeSetup.Set(edge, "Acme:TrustedRootsFile", roots);
        EdgeSetup.Set(edge, "Acme:AcceptTermsOfService", true);
    }
}
