using System.Text.Json.Nodes;
using ImGateway.Acme;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Acme;

/// <summary>Certificates that a CA or an operator wants to be replaced.</summary>
public sealed class RequestedReplacementTests
{
    const string Host = "gateway.test";

    static readonly ScriptableCaOptions Brisk = new() { RetryAfter = TimeSpan.Zero };
    static readonly EdgeSetup Setup = new() { Hosts = [Host], Settings = new Dictionary<string, JsonNode?> { ["Acme:Challenges"] = new JsonArray("http-01") } };

    [Fact]
    public async Task A_window_in_the_past_renews_at_once_because_the_CA_asked_for_it()
    {
        var past = CaFault.Rewrite(answer => answer["suggestedWindow"] = new JsonObject { ["start"] = "2020-01-01T00:00:00Z", ["end"] = "2020-01-02T00:00:00Z" });
        await using var edge = await CaEdge.StartAsync(Brisk, Setup, ca => ca.Fail(CaOperation.RenewalInfo, past));

        await edge.Log.WaitForAsync(line => line.Message.StartsWith($"audit: {Host} renewed (ari", StringComparison.Ordinal), CaEdge.Patience);

        Assert.Equal(["missing", "ari"], edge.Audit.Where(line => line.Action == "renewed").Select(line => line.Why));
        var metrics = await edge.MetricsAsync();
        Assert.Equal(1, metrics.Sum("imgw_certificate_renewals_total", ("host", Host), ("result", "success"), ("reason", "ari")));
        // A CA exempts only what comes before the end of its window.
        Assert.Equal(3, metrics.Sum("imgw_acme_rate_limit_remaining", ("limit", "certificates")));
    }

    [Fact]
    public async Task A_key_that_others_know_is_revoked_replaced_and_destroyed()
    {
        await using var edge = await CaEdge.StartAsync(Brisk, Setup with { Settings = new Dictionary<string, JsonNode?> { ["Certificates:ReuseKey"] = true } });
        var first = (await edge.RenewAsync(Host)).SerialNumber;
        var secret = KeyIn(await File.ReadAllTextAsync(Path.Combine(edge.Data, "certificates", Host, "current.pem")));

        var result = await edge.RevokeAsync(Host, RevocationReason.KeyCompromise);

        Assert.True(result.Succeeded, result.Message);
        var revoked = edge.Ca.Certificates.Single(certificate => certificate.SerialNumber == first);
        Assert.Equal(1, revoked.RevocationReason);
        Assert.Equal(result.SerialNumber, await edge.ServedSerialAsync(Host));
        foreach (var file in Directory.EnumerateFiles(edge.Data, "*.pem", SearchOption.AllDirectories))
        {
            Assert.DoesNotContain(secret, await File.ReadAllTextAsync(file), StringComparison.Ordinal);
        }

        Assert.Equal(["renewed", "renewed", "revoked", "renewed"], edge.Audit.Where(line => line.Host == Host).Select(line => line.Action));
        Assert.Equal("revoked", edge.Audit[^1].Why);
        Assert.Equal(1, (await edge.MetricsAsync()).Sum("imgw_certificate_renewals_total", ("result", "success"), ("reason", "revoked")));
    }

    [Fact]
    public async Task A_key_that_others_know_is_not_kept_by_a_renewal_that_is_under_way()
    {
        await using var edge = await CaEdge.StartAsync(
            Brisk with { RetryAfter = TimeSpan.FromSeconds(1) }, Setup with { Settings = new Dictionary<string, JsonNode?> { ["Certificates:ReuseKey"] = true } });
        var first = await edge.ServedSerialAsync(Host);
        var secret = KeyIn(await File.ReadAllTextAsync(Path.Combine(edge.Data, "certificates", Host, "current.pem")));
        edge.Ca.Fail(CaOperation.Finalize, CaFault.Processing(3));
        var renewal = edge.RenewAsync(Host);
        await edge.Ca.WaitUntilAsync(ca => ca.Recorded.Count(request => request.Operation == CaOperation.Finalize) == 2, CaEdge.Patience);

        var result = await edge.RevokeAsync(Host, RevocationReason.KeyCompromise);

        Assert.True(result.Succeeded, result.Message);
        await renewal;
        Assert.Equal(1, edge.Ca.Certificates.Single(certificate => certificate.SerialNumber == first).RevocationReason);
        Assert.Equal(result.SerialNumber, await edge.ServedSerialAsync(Host));
        var keys = edge.Ca.Certificates.ToDictionary(certificate => certificate.SerialNumber, certificate => Convert.ToHexString(certificate.Leaf.GetPublicKey()));
        Assert.NotEqual(keys[first], keys[result.SerialNumber!]);
        Assert.Equal(3, edge.Ca.CertificatesIssued);
        foreach (var file in Directory.EnumerateFiles(edge.Data, "*.pem", SearchOption.AllDirectories))
        {
            Assert.DoesNotContain(secret, await File.ReadAllTextAsync(file), StringComparison.Ordinal);
        }
    }

    /// <summary>A line of base64 that only this key has.</summary>
    static string KeyIn(string pem)
    {
        var lines = pem[pem.IndexOf("PRIVATE KEY", StringComparison.Ordinal)..].Split('\n');
        return lines[2];
    }
}
