using System.Text.Json.Nodes;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Acme;

/// <summary>What other clients get wrong, beside what <see cref="CaFaultTests"/>, <see cref="CaMistakeTests"/> and <see cref="RenewForMinutesTests"/> show.</summary>
public sealed class OtherClientsTests
{
    const string Host = "gateway.test";

    static readonly ScriptableCaOptions Brisk = new() { RetryAfter = TimeSpan.Zero };
    static readonly EdgeSetup Setup = new() { Hosts = [Host] };

    [Theory]
    [InlineData(6, 0.5)]
    [InlineData(45, 0.35)]
    [InlineData(90, 0.35)]
    public async Task When_to_renew_is_a_part_of_life_and_no_number_of_days(int days, double left)
    {
        await using var edge = await CaEdge.StartAsync(
            Brisk with { Lifetime = TimeSpan.FromDays(days), OffersRenewalInfo = false, AlwaysValid = true },
            Setup with { Settings = new Dictionary<string, JsonNode?> { ["Certificates:MaxAge"] = "365.00:00:00" } });

        var metrics = await edge.MetricsAsync();
        var (end, next) = (metrics.Sum("ssl_certificate_expiry_seconds"), metrics.Sum("imgw_certificate_next_renewal_timestamp_seconds"));
        Assert.Equal(left, (end - next) / TimeSpan.FromDays(days).TotalSeconds, tolerance: 0.001);
    }

    [Fact]
    public async Task Keys_are_on_the_disk_before_a_CA_hears_of_them()
    {
        // Registered, and ordered, by requests whose answers never came: what follows uses the same keys.
        await using var edge = await CaEdge.StartListeningAsync(Brisk, Setup, ca =>
        {
            ca.Fail(CaOperation.NewAccount, CaFault.DropAfter);
            ca.Fail(CaOperation.Finalize, CaFault.DropAfter);
        });
        await edge.Log.WaitForAsync(line => line.Message.Contains($"{Host}: no certificate: newAccount at 127.0.0.1", StringComparison.Ordinal), CaEdge.Patience);
        Assert.True(File.Exists(Path.Combine(Assert.Single(Directory.GetDirectories(Path.Combine(edge.Data, "accounts"))), "account.pem")));

        // One order meets the lost response to finalize; the one before it may still join the renewal that has just been reported as failed.
        var renewed = await edge.RenewAsync(Host);
        for (var attempts = 1; !renewed.Succeeded && attempts < 3; attempts++) renewed = await edge.RenewAsync(Host);

        Assert.True(renewed.Succeeded, renewed.Message);
        // 200: the CA knows the key.
        Assert.Contains(edge.Ca.Recorded, request => request is { Operation: CaOperation.NewAccount, Status: 200 });
        Assert.Equal(1, edge.Ca.OrdersCreated);
        Assert.Equal(1, edge.Ca.CertificatesIssued);
    }

    [Fact]
    public async Task After_every_challenge_has_failed_the_reason_of_the_last_is_reported()
    {
        await using var edge = await CaEdge.StartAsync(Brisk, Setup);
        edge.Ca.Fail(CaOperation.Challenge, CaFault.Invalid("connection"), CaFault.Invalid("unauthorized"));

        var result = await edge.RenewAsync(Host);

        Assert.False(result.Succeeded);
        Assert.Contains("unauthorized", result.Message, StringComparison.Ordinal);
        result.Message.AssertSays("something else answered", "DNS records");
        var refused = Assert.Single(edge.Audit, line => line.Action == "renewalFailed");
        Assert.Equal(result.Message, $"{Host}: {refused.Detail}");
    }

    [Fact]
    public async Task One_host_that_fails_for_ever_keeps_no_other_from_being_renewed()
    {
        await using var edge = await CaEdge.StartListeningAsync(
            Brisk with { Lifetime = TimeSpan.FromSeconds(40) },
            new EdgeSetup
            {
                Hosts = ["broken.test", Host],
                Settings = new Dictionary<string, JsonNode?> { ["Acme:RenewAt"] = 0.95, ["Acme:Challenges"] = new JsonArray("http-01") },
            },
            ca => ca.Fail(CaOperation.NewOrder, CaFault.Problem("rejectedIdentifier")));

        // One of the two has met the fault and waits for its next attempt; the other is renewed again and again.
        await edge.Ca.WaitUntilAsync(ca => ca.CertificatesIssued >= 3, CaEdge.Patience);

        Assert.Single(edge.Log.Lines, line => line.Message.Contains("no certificate: newOrder at 127.0.0.1: rejectedIdentifier", StringComparison.Ordinal));
    }
}
