using System.Net.Security;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Tls;

public sealed partial class ScannerTests(TlsFixture tls)
{
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    static IEnumerable<string> Expected => [.. CipherSuiteTests.Ecdsa.Select(s => $"TLSv1.2 {s}"), .. CipherSuiteTests.Tls13.Select(s => $"TLSv1.3 {s}")];

    [Theory, MemberData(nameof(Engines.OfProduct), MemberType = typeof(Engines))]
    public async Task Nmap_finds_the_promised_suites_and_no_other(TestedEngine engine)
    {
        var edge = await tls.EdgeAsync(engine);

        var result = await ExternalTool.RunAsync(ExternalTool.Nmap,
            ["-Pn", "-sT", "-p", $"{edge.HttpsPort}", "--script", "+ssl-enum-ciphers", "127.0.0.1"], timeout: Limit);

        Assert.Equal(Expected.Order(StringComparer.Ordinal), NmapSuites(result.Output).Order(StringComparer.Ordinal));
    }

    [Theory, MemberData(nameof(Engines.OfProduct), MemberType = typeof(Engines))]
    public async Task Sslscan_finds_the_promised_suites_and_no_other(TestedEngine engine)
    {
        var edge = await tls.EdgeAsync(engine);

        var result = await ExternalTool.RunAsync(ExternalTool.SslScan,
            ["--xml=-", $"--sni-name={TlsFixture.Gateway}", edge.Https.ToString()], timeout: Limit);

        var test = XDocument.Parse(result.Output).Descendants("ssltest").Single();
        var accepted = test.Elements("cipher").Select(c => $"{c.Attribute("sslversion")!.Value} {(TlsCipherSuite)Convert.ToInt32(c.Attribute("id")!.Value, 16)}");
        Assert.Equal(Expected.Order(StringComparer.Ordinal), accepted.Order(StringComparer.Ordinal));
        Assert.Equal(["TLSv1.2", "TLSv1.3"],
            from protocol in test.Elements("protocol")
            where protocol.Attribute("enabled")!.Value == "1"
            select protocol.Attribute("type")!.Value.ToUpperInvariant().Replace("TLS", "TLSv") + protocol.Attribute("version")!.Value);
        Assert.Equal("0", test.Element("renegotiation")!.Attribute("supported")!.Value);
        Assert.All(test.Elements("heartbleed"), heartbleed => Assert.Equal("0", heartbleed.Attribute("vulnerable")!.Value));
    }

    // |   TLSv1.2:
    // |       TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 (secp256r1) - A
    static IEnumerable<string> NmapSuites(string output)
    {
        var protocol = "";
        foreach (Match line in NmapLine().Matches(output))
        {
            if (line.Groups["protocol"].Success) protocol = line.Groups["protocol"].Value;
            else yield return $"{protocol} {line.Groups["suite"].Value.Replace("AKE_WITH_", "")}";
        }
    }

    [GeneratedRegex(@"^\|\s+(?:(?<protocol>(?:SSLv|TLSv)[0-9.]+):|(?<suite>(?:TLS|SSL)_\w+) )", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex NmapLine();
}
