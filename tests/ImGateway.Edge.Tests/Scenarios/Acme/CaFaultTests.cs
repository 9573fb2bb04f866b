using System.Text.Json.Nodes;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Acme;

/// <summary>Whatever step of an order a CA fails at, the edge says so, serves what it has, and has the next certificate once the CA does right.</summary>
public sealed class CaFaultTests
{
    const string Host = "gateway.test";

    static readonly ScriptableCaOptions Brisk = new() { RetryAfter = TimeSpan.Zero };
    static readonly EdgeSetup Setup = new() { Hosts = [Host], Settings = new Dictionary<string, JsonNode?> { ["Acme:Challenges"] = new JsonArray("http-01") } };

    [Theory]
    [InlineData(CaOperation.Directory)]
    [InlineData(CaOperation.NewNonce)]
    [InlineData(CaOperation.NewOrder)]
    [InlineData(CaOperation.Authorization)]
    [InlineData(CaOperation.Challenge)]
    [InlineData(CaOperation.Finalize)]
    [InlineData(CaOperation.Order)]
    [InlineData(CaOperation.Certificate)]
    public async Task A_failure_at_any_step_is_reported_and_the_next_attempt_succeeds(CaOperation step)
    {
        // Of one kind beside the other: they do nothing but wait.
        await Task.WhenAll(((CaFault[])[CaFault.Html(500), CaFault.Html(502), CaFault.DropBefore, CaFault.DropAfter, CaFault.Garbage]).Select(async fault =>
        {
            await using var edge = await CaEdge.StartAsync(Brisk, Setup);
            var old = await edge.ServedSerialAsync(Host);
            edge.Ca.Fail(step, fault);

            var first = await edge.RenewAsync(Host);
            Assert.True(edge.Ca.FaultsLeft == 0, $"{fault}: was not met");
            if (!first.Succeeded)
            {
                Assert.Equal(old, await edge.ServedSerialAsync(Host));
                Assert.Contains(" at 127.0.0.1: ", first.Message, StringComparison.Ordinal);
                Assert.Contains(edge.Log.Lines, line => line.Message.Contains($"renewal failed: {first.Message[(Host.Length + 2)..]}", StringComparison.Ordinal));
                Assert.Equal(1, (await edge.MetricsAsync()).Sum("imgw_certificate_renewal_consecutive_failures", ("host", Host)));
            }

            var second = await edge.RenewAsync(Host);
            Assert.True(second.Succeeded, $"{fault}: {second.Message}");
            Assert.Equal(second.SerialNumber, await edge.ServedSerialAsync(Host));
            Assert.Equal(0, (await edge.MetricsAsync()).Sum("imgw_certificate_renewal_consecutive_failures", ("host", Host)));
            Assert.False(File.Exists(Path.Combine(edge.Data, "certificates", Host, "pending.pem")));
            // What an interrupted attempt has had issued is not issued again, unless the CA says something else in its place.
            if (fault != CaFault.Garbage) Assert.True(edge.Ca.CertificatesIssued == (first.Succeeded ? 3 : 2), $"{fault}: {edge.Ca.CertificatesIssued} issued");
        }));
    }

    [Fact]
    public async Task A_storm_of_refused_nonces_is_weathered()
    {
        await using var edge = await CaEdge.StartAsync(Brisk, Setup);
        foreach (var step in (CaOperation[])[CaOperation.NewOrder, CaOperation.Challenge, CaOperation.Finalize, CaOperation.Certificate])
        {
            edge.Ca.Fail(step, [.. Enumerable.Repeat(CaFault.BadNonce, 10)]);
        }

        var renewed = await edge.RenewAsync(Host);

        Assert.True(renewed.Succeeded, renewed.Message);
        Assert.Equal(0, edge.Ca.FaultsLeft);
        Assert.Equal(40, (await edge.MetricsAsync()).Sum("imgw_acme_requests_total", ("problem", "badNonce")));
    }

    [Fact]
    public async Task After_failures_of_all_kinds_the_loop_goes_on_and_asks_no_earlier_than_Retry_After()
    {
        var wish = TimeSpan.FromSeconds(7);
        await using var edge = await CaEdge.StartAsync(
            Brisk with { Lifetime = TimeSpan.FromSeconds(45), ReuseAuthorizations = true },
            Setup with { Settings = new Dictionary<string, JsonNode?> { ["Acme:RenewAt"] = 0.95 } });
        // Twice: the first may have been for what the order is said to replace.
        edge.Ca.Fail(CaOperation.NewOrder, CaFault.Problem("serverInternal", 500), CaFault.Problem("serverInternal", 500), CaFault.RateLimited(wish));

        await edge.Ca.WaitUntilAsync(ca => ca.CertificatesIssued == 2, TimeSpan.FromSeconds(40));

        var orders = edge.Ca.Recorded.Where(request => request.Operation == CaOperation.NewOrder).ToList();
        Assert.Equal([201, 500, 500, 429, 201], orders.Select(order => order.Status));
        Assert.DoesNotContain(edge.Ca.Recorded, request => request.Time > orders[3].Time && request.Time < orders[3].Time + wish);
        await edge.Log.WaitForAsync(line => line.Message.StartsWith($"audit: {Host} renewed (age", StringComparison.Ordinal), CaEdge.Patience);
        var metrics = await edge.MetricsAsync();
        Assert.Equal(2, metrics.Sum("imgw_certificate_renewals_total", ("host", Host), ("result", "failure"), ("reason", "age")));
        Assert.Equal(1, metrics.Sum("imgw_certificate_renewals_total", ("host", Host), ("result", "success"), ("reason", "age")));
        Assert.Equal(["accountRegistered", "renewed", "renewalFailed", "renewalFailed", "renewed"], edge.Audit.Select(line => line.Action));
    }

    [Fact]
    public async Task While_one_order_hangs_others_are_finished_and_it_goes_on_where_it_was()
    {
        await using var edge = await CaEdge.StartAsync(Brisk, Setup with { Hosts = [Host, "other.test"] });
        edge.Ca.Fail(CaOperation.Finalize, CaFault.Processing(6));
        var hanging = edge.RenewAsync(Host);
        await edge.Ca.WaitUntilAsync(ca => ca.FaultsLeft == 0, CaEdge.Patience);

        var other = await edge.RenewAsync("other.test");
        Assert.True(other.Succeeded, other.Message);
        Assert.False(hanging.IsCompleted);

        var renewed = await hanging;
        Assert.True(renewed.Succeeded, renewed.Message);
    }
}
