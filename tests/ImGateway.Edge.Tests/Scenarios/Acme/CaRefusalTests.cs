using System.Text.Json.Nodes;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Acme;

/// <summary>What a CA refuses: what costs a certificate, what counts against limits, and what an operator is to do about it.</summary>
public sealed class CaRefusalTests
{
    const string Host = "gateway.test";

    static readonly ScriptableCaOptions Brisk = new() { RetryAfter = TimeSpan.Zero };
    static readonly EdgeSetup Setup = new() { Hosts = [Host], Settings = new Dictionary<string, JsonNode?> { ["Acme:Challenges"] = new JsonArray("http-01") } };

    [Theory]
    [InlineData("conflict", 409)]
    [InlineData("rejectedIdentifier", 403)]
    [InlineData("orderNotReady", 403)]
    [InlineData("somethingNew", 400)]
    [InlineData("about:blank", 404)]
    public async Task A_refused_replaces_costs_no_certificate_whatever_the_problem_is_called(string problem, int status)
    {
        await using var edge = await CaEdge.StartAsync(Brisk, Setup);
        edge.Ca.Fail(CaOperation.NewOrder, CaFault.Problem(problem, status));

        var renewed = await edge.RenewAsync(Host);

        Assert.True(renewed.Succeeded, renewed.Message);
        Assert.Equal([201, status, 201], Orders(edge));
        Assert.Null(edge.Ca.Certificates.Single(certificate => certificate.SerialNumber == renewed.SerialNumber).Replaces);
    }

    [Theory]
    [InlineData("rateLimited", 429)]
    [InlineData("rateLimited", 503)]
    [InlineData("userActionRequired", 403)]
    [InlineData("externalAccountRequired", 403)]
    public async Task A_rate_limit_or_an_error_of_the_account_is_no_refusal_of_replaces(string problem, int status)
    {
        await using var edge = await CaEdge.StartAsync(Brisk, Setup);
        edge.Ca.Fail(CaOperation.NewOrder, CaFault.Problem(problem, status));

        var refused = await edge.RenewAsync(Host);

        Assert.False(refused.Succeeded, refused.Message);
        Assert.Equal([201, status], Orders(edge));
    }

    [Fact]
    public async Task An_order_is_sent_without_replaces_once_only()
    {
        await using var edge = await CaEdge.StartAsync(Brisk, Setup);
        edge.Ca.Fail(CaOperation.NewOrder, CaFault.Problem("conflict", 409), CaFault.Problem("conflict", 409));

        var refused = await edge.RenewAsync(Host);

        Assert.False(refused.Succeeded, refused.Message);
        Assert.Equal([201, 409, 409], Orders(edge));
    }

    [Theory]
    [InlineData("2020-01-01T00:00:00Z", "2100-01-01T00:00:00Z", 4)]
    [InlineData("2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z", 3)]
    [InlineData("2099-01-01T00:00:00Z", "2100-01-01T00:00:00Z", 3)]
    public async Task A_renewal_counts_against_the_limits_outside_the_window_that_the_CA_suggested(string start, string end, int left)
    {
        var window = CaFault.Rewrite(answer => answer["suggestedWindow"] = new JsonObject { ["start"] = start, ["end"] = end });
        await using var edge = await CaEdge.StartAsync(Brisk, Setup, ca => ca.Fail(CaOperation.RenewalInfo, window));
        await edge.Log.WaitForAsync(line => line.Message.Contains("the CA suggests renewal between", StringComparison.Ordinal), CaEdge.Patience);

        // A window that has passed renews at once; the others only when they are asked to.
        if (end.StartsWith("2020", StringComparison.Ordinal)) await edge.Log.WaitForAsync(line => line.Message.Contains("replaced by", StringComparison.Ordinal), CaEdge.Patience);
        else Assert.True((await edge.RenewAsync(Host)).Succeeded);

        Assert.Equal(2, edge.Ca.CertificatesIssued);
        Assert.NotNull(edge.Ca.Certificates.Single(certificate => certificate.Replaces is not null));
        Assert.Equal(left, (await edge.MetricsAsync()).Sum("imgw_acme_rate_limit_remaining", ("limit", "certificates")));
    }

    [Fact]
    public async Task The_link_that_resumes_a_paused_name_is_in_the_message_whole()
    {
        var link = $"https://portal.ca.test/sfe/v1/unpause?jwt={new string('e', 1200)}.sig-_1";
        await using var edge = await CaEdge.StartAsync(Brisk, Setup);
        var detail = $"Your account is temporarily prevented from requesting certificates for {Host}. Please visit the following page to continue: {link}.";
        edge.Ca.Fail(CaOperation.NewOrder, CaFault.RateLimited(TimeSpan.FromMinutes(5), detail));

        var refused = await edge.RenewAsync(Host);

        Assert.False(refused.Succeeded);
        Assert.DoesNotContain("nothing to do", refused.Message, StringComparison.Ordinal);
        Assert.EndsWith($"open {link} and do what it says", refused.Message, StringComparison.Ordinal);
        Assert.Contains(edge.Audit, line => line.Action == "renewalFailed" && line.Detail!.Contains($"{link} ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("http://portal.ca.test/plain")]
    [InlineData("https://user:secret@portal.ca.test/")]
    [InlineData("javascript:alert(1)")]
    [InlineData("https://")]
    public async Task A_link_that_is_no_plain_https_URL_is_no_remedy(string link)
    {
        await using var edge = await CaEdge.StartAsync(Brisk, Setup);
        edge.Ca.Fail(CaOperation.NewOrder, CaFault.RateLimited(TimeSpan.FromMinutes(5), $"Please visit {link}"));

        var refused = await edge.RenewAsync(Host);

        Assert.False(refused.Succeeded);
        Assert.EndsWith("nothing to do: it is tried again in time", refused.Message, StringComparison.Ordinal);
    }

    static IEnumerable<int> Orders(CaEdge edge) =>
        edge.Ca.Recorded.Where(request => request.Operation == CaOperation.NewOrder).Select(request => request.Status);
}
