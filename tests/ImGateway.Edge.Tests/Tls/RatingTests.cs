using System.Text.Json.Nodes;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Tls;

public sealed class RatingTests(TlsFixture tls)
{
    // What testssl.sh must have looked at before it gives a grade; the rest of its repertoire takes as long again.
    static readonly string[] Checks =
    [
        "--protocols", "--std", "--fs", "--server-defaults", "--headers", "--heartbleed", "--ccs", "--ticketbleed", "--robot", "--renegotiation",
        "--crime", "--poodle", "--tls-fallback", "--drown", "--beast", "--rc4", "--logjam",
    ];

    [Theory, MemberData(nameof(Engines.OfProduct), MemberType = typeof(Engines))]
    public async Task Testssl_rates_a_certificate_whose_CA_it_knows_A_plus(TestedEngine engine)
    {
        var edge = await tls.EdgeAsync(engine);
        using var directory = new TemporaryDirectory();

        // Its script of renegotiations waits 120 times for an answer to each, which OpenSSL does not owe it: fewer and shorter waits.
        var result = await ExternalTool.RunAsync("env",
        [
            "SSL_RENEG_ATTEMPTS=1", "SSL_RENEG_WAIT=0.02", ExternalTool.TestSsl, "--add-ca", tls.RootFile, "--ip", "127.0.0.1", "--nodns", "min", "--warnings", "off", "--color", "0", "--quiet", "--fast", .. Checks,
            "--jsonfile", directory["result.json"], $"https://{TlsFixture.Gateway}:{edge.HttpsPort}/api",
        ], timeout: TimeSpan.FromMinutes(12));

        Assert.True(File.Exists(directory["result.json"]), result.All);
        var findings = JsonNode.Parse(await File.ReadAllTextAsync(directory["result.json"]))!.AsArray();
        string? Finding(string id) => findings.FirstOrDefault(f => (string?)f!["id"] == id)?["finding"]?.ToString();
        Assert.True(Finding("overall_grade") == "A+", result.All);
        // The test CA publishes no revocations, which is no matter of the edge.
        Assert.Empty(findings.Where(f => (string?)f!["severity"] is "HIGH" or "CRITICAL" && (string?)f["id"] != "cert_revocation").Select(f => $"{f!["id"]}: {f["finding"]}"));
    }
}
