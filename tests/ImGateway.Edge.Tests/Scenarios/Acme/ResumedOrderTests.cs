using System.Text.Json.Nodes;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Acme;

/// <summary>An order goes on after an interruption; what became of it at the CA meanwhile costs neither an attempt nor the budget.</summary>
public sealed class ResumedOrderTests
{
    const string Host = "gateway.test";

    static readonly ScriptableCaOptions Brisk = new() { RetryAfter = TimeSpan.Zero };
    static readonly EdgeSetup Setup = new() { Hosts = [Host], Settings = new Dictionary<string, JsonNode?> { ["Acme:Challenges"] = new JsonArray("http-01") } };

    [Theory]
    [InlineData("expired", 5)]
    [InlineData("deactivated", 5)]
    [InlineData("revoked", 5)]
    [InlineData(ScriptableCa.Forgotten, 5)]
    // The CA validated while nothing answered, and counts the failure.
    [InlineData("invalid", 4)]
    public async Task An_order_whose_authorizations_have_ended_is_ordered_anew_at_once(string ended, int failuresLeft)
    {
        await using var edge = await CaEdge.StartAsync(Brisk, Setup);
        await InterruptAsync(edge, CaOperation.Authorization);
        edge.Ca.EndAuthorizations(ended);

        var renewed = await edge.RenewAsync(Host);

        Assert.True(renewed.Succeeded, renewed.Message);
        Assert.Equal(renewed.SerialNumber, await edge.ServedSerialAsync(Host));
        Assert.Equal((3, 2), (edge.Ca.OrdersCreated, edge.Ca.CertificatesIssued));
        Assert.Equal(1, edge.Ca.Recorded.Count(request => request is { Operation: CaOperation.Challenge, Status: 200 } && request.Time > _interrupted));
        // Two certificates were issued: the order that came to nothing is none.
        await AssertLeftAsync(edge, certificates: 3, failuresLeft);
    }

    [Theory]
    [InlineData("unauthorized")]
    [InlineData("orderNotReady")]
    [InlineData("malformed")]
    public async Task A_ready_order_that_the_CA_no_longer_finalizes_is_ordered_anew_at_once(string problem)
    {
        await using var edge = await CaEdge.StartAsync(Brisk, Setup);
        await InterruptAsync(edge, CaOperation.Finalize);
        edge.Ca.Fail(CaOperation.Finalize, CaFault.Problem(problem, 403));

        var renewed = await edge.RenewAsync(Host);

        Assert.True(renewed.Succeeded, renewed.Message);
        Assert.Equal((3, 2), (edge.Ca.OrdersCreated, edge.Ca.CertificatesIssued));
        await AssertLeftAsync(edge, certificates: 3, failures: 5);
    }

    [Fact]
    public async Task An_order_that_goes_on_counts_once_and_one_that_is_interrupted_again_still_counts()
    {
        await using var edge = await CaEdge.StartAsync(Brisk, Setup);
        await InterruptAsync(edge, CaOperation.Authorization);
        await InterruptAsync(edge, CaOperation.Authorization);
        await AssertLeftAsync(edge, certificates: 3, failures: 5);

        var renewed = await edge.RenewAsync(Host);

        Assert.True(renewed.Succeeded, renewed.Message);
        Assert.Equal((2, 2), (edge.Ca.OrdersCreated, edge.Ca.CertificatesIssued));
        await AssertLeftAsync(edge, certificates: 3, failures: 5);
    }

    [Fact]
    public async Task A_resumed_order_that_the_CA_fails_to_validate_counts_as_that_alone()
    {
        await using var edge = await CaEdge.StartAsync(Brisk, Setup);
        await InterruptAsync(edge, CaOperation.Authorization);
        edge.Ca.Fail(CaOperation.Challenge, CaFault.Invalid("connection"));

        var failed = await edge.RenewAsync(Host);

        Assert.False(failed.Succeeded, failed.Message);
        Assert.Equal(2, edge.Ca.OrdersCreated);
        await AssertLeftAsync(edge, certificates: 4, failures: 4);
    }

    [Fact]
    public async Task What_was_issued_counts_although_it_cannot_be_downloaded()
    {
        await using var edge = await CaEdge.StartAsync(Brisk, Setup);
        edge.Ca.Fail(CaOperation.Certificate, CaFault.Problem("malformed", 404));

        var failed = await edge.RenewAsync(Host);

        Assert.False(failed.Succeeded, failed.Message);
        Assert.Equal(2, edge.Ca.CertificatesIssued);
        await AssertLeftAsync(edge, certificates: 3, failures: 5);
    }

    DateTimeOffset _interrupted;

    async Task InterruptAsync(CaEdge edge, CaOperation at)
    {
        edge.Ca.Fail(at, CaFault.Html(503));
        var failed = await edge.RenewAsync(Host);
        Assert.False(failed.Succeeded, failed.Message);
        Assert.True(File.Exists(Path.Combine(edge.Data, "certificates", Host, "pending.pem")));
        _interrupted = edge.Ca.Recorded[^1].Time;
    }

    static async Task AssertLeftAsync(CaEdge edge, int certificates, int failures)
    {
        var metrics = await edge.MetricsAsync();
        Assert.Equal(
            (certificates, failures),
            (metrics.Sum("imgw_acme_rate_limit_remaining", ("limit", "certificates")), metrics.Sum("imgw_acme_rate_limit_remaining", ("limit", "failed_authorizations"))));
    }
}
