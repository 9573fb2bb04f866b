using System.Text.Json.Nodes;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Acme;

/// <summary>Issue 16 §2: of what a CA delivers nothing is passed over in silence.</summary>
public sealed class CaChainTests
{
    const string Host = "gateway.test";

    [Theory]
    [InlineData("no END line")]
    [InlineData("a block of another kind before it")]
    [InlineData("a damaged line")]
    [InlineData("four dashes")]
    public async Task A_chain_of_which_a_part_cannot_be_read_is_not_served_shortened(string fault)
    {
        await using var edge = await CaEdge.StartAsync(
            new() { RetryAfter = TimeSpan.Zero }, new() { Hosts = [Host], Settings = new Dictionary<string, JsonNode?> { ["Acme:Challenges"] = new JsonArray("http-01") } });
        var old = await edge.ServedSerialAsync(Host);
        var root = edge.Ca.IssuingRoot.ExportCertificatePem();
        var part = fault switch
        {
            "no END line" => root[..root.LastIndexOf("-----END", StringComparison.Ordinal)],
            "a block of another kind before it" => "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n" + root,
            "a damaged line" => root.Insert(60, "!"),
            _ => root[1..],
        };
        edge.Ca.Fail(CaOperation.Certificate, CaFault.Download(chain => chain + part));

        var refused = await edge.RenewAsync(Host);

        Assert.False(refused.Succeeded, refused.Message);
        Assert.Equal(old, await edge.ServedSerialAsync(Host));
        var renewed = await edge.RenewAsync(Host);
        Assert.True(renewed.Succeeded, renewed.Message);
    }

    [Theory]
    [InlineData(false, "incomplete")]
    [InlineData(true, "complete")]
    public async Task A_private_root_that_is_named_as_trusted_completes_the_chain(bool isNamed, string state)
    {
        using var folder = new TemporaryDirectory();
        var roots = folder["roots.pem"];
        await using var edge = await CaEdge.StartAsync(
            new(), new() { Hosts = [Host], Settings = new Dictionary<string, JsonNode?> { ["Acme:TrustedRootsFile"] = roots } },
            ca => File.WriteAllText(roots, ca.TrustedRootPem + (isNamed ? ca.IssuingRoot.ExportCertificatePem() : "")));

        Assert.Equal(1, (await edge.MetricsAsync()).Sum("imgw_certificate_chain_state", ("host", Host), ("state", state)));
        var served = await new RawHello { ServerName = Host }.SendAsync(edge.Server);
        Assert.DoesNotContain(served.Certificates, certificate => certificate.RawDataMemory.Span.SequenceEqual(edge.Ca.IssuingRoot.RawDataMemory.Span));
        Assert.Equal(2, served.Certificates.Count);
    }
}
