using System.Text.Json.Nodes;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Acme;

/// <summary>A CA takes a certificate back, and what it leaves of its limits.</summary>
public sealed class RevokedByCaTests
{
    const string Host = "gateway.test";

    static readonly ScriptableCaOptions Brisk = new() { RetryAfter = TimeSpan.Zero };
    static readonly EdgeSetup Setup = new() { Hosts = [Host], Settings = new Dictionary<string, JsonNode?> { ["Acme:Challenges"] = new JsonArray("http-01") } };

    [Fact]
    public async Task A_certificate_that_its_CA_revokes_is_replaced_as_soon_as_OCSP_says_so()
    {
        await using var edge = await CaEdge.StartAsync(Brisk with { OffersRenewalInfo = false, OffersOcsp = true, OcspLifetime = TimeSpan.FromSeconds(20) }, Setup);
        var old = await edge.ServedSerialAsync(Host);
        edge.Ca.Revoke(old);

        await edge.Log.WaitForAsync(line => line.Message.Contains($"certificate {old} replaced by", StringComparison.Ordinal), CaEdge.Patience);

        Assert.NotEqual(old, await edge.ServedSerialAsync(Host));
        Assert.Equal(2, edge.Ca.CertificatesIssued);
        Assert.Equal(1, (await edge.MetricsAsync()).Sum("imgw_certificate_renewals_total", ("reason", "revoked"), ("result", "success")));
    }

    [Fact]
    public async Task What_is_left_of_the_limits_is_shown_before_anything_was_ordered()
    {
        await using var edge = await CaEdge.StartListeningAsync(Brisk, Setup, ca => ca.Fail(CaOperation.Directory, CaFault.Html(503)));
        Assert.Equal(300, (await edge.MetricsAsync()).Sum("imgw_acme_rate_limit_remaining", ("limit", "orders")));
    }
}
