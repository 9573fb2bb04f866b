using System.Text.Json.Nodes;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Acme;

/// <summary>What a CA says is not believed because it says it.</summary>
public sealed class CaMistakeTests
{
    const string Host = "gateway.test";

    static readonly ScriptableCaOptions Brisk = new() { RetryAfter = TimeSpan.Zero };
    static readonly EdgeSetup Setup = new() { Hosts = [Host], Settings = new Dictionary<string, JsonNode?> { ["Acme:Challenges"] = new JsonArray("http-01") } };

    [Fact]
    public async Task A_certificate_that_is_not_what_was_ordered_is_never_served()
    {
        (CaOperation Step, CaFault Fault, string Why)[] mistakes =
        [
            (CaOperation.Finalize, CaFault.OtherKey, "the key does not belong"),
            (CaOperation.Finalize, CaFault.OtherNames, "other.gateway.test"),
            (CaOperation.Finalize, CaFault.ExpiredCertificate, "the certificate expired at"),
            (CaOperation.Finalize, CaFault.OtherIssuer, "'CN=A stranger' is missing"),
            (CaOperation.Certificate, CaFault.LeafOnly, "is missing"),
            (CaOperation.Certificate, CaFault.GarbagePem, "certificate"),
        ];
        // Of one kind beside the other: they do nothing but wait.
        await Task.WhenAll(mistakes.Select(async mistake =>
        {
            await using var edge = await CaEdge.StartAsync(Brisk, Setup);
            var old = await edge.ServedSerialAsync(Host);
            edge.Ca.Fail(mistake.Step, mistake.Fault);

            var refused = await edge.RenewAsync(Host);

            Assert.False(refused.Succeeded, $"{mistake.Fault}: {refused.Message}");
            Assert.Contains(mistake.Why, refused.Message, StringComparison.Ordinal);
            Assert.Equal(old, await edge.ServedSerialAsync(Host));
            Assert.Single(edge.Audit, line => line is { Action: "renewalFailed", Why: "manual" });
            Assert.Equal(1, (await edge.MetricsAsync()).Sum("imgw_certificate_renewals_total", ("host", Host), ("result", "failure"), ("reason", "manual")));
            var renewed = await edge.RenewAsync(Host);
            Assert.True(renewed.Succeeded, renewed.Message);
        }));
    }

    [Fact]
    public async Task An_expired_extra_issuer_is_left_out_of_what_a_ca_delivers()
    {
        await using var edge = await CaEdge.StartAsync(Brisk, Setup);
        using var trusted = new TrustedRoot(edge.Ca.IssuingRoot);
        using var old = TestCa.Create("A root of before");
        using var expired = old.CreateIntermediate(edge.Ca.IssuingRoot.Subject[3..], edge.Ca.CopyRootKey(), notAfter: TimeProvider.System.GetUtcNow().AddDays(-1));
        edge.Ca.Fail(CaOperation.Certificate, CaFault.Download(chain => chain + expired.Pem));

        var renewed = await edge.RenewAsync(Host);

        Assert.True(renewed.Succeeded, renewed.Message);
        Assert.Equal(2, (await new RawHello { ServerName = Host }.SendAsync(edge.Server)).Certificates.Count);
        Assert.Single(edge.Log.Lines, line => line.Message.Contains($"{Host}: ", StringComparison.Ordinal) && line.Message.Contains("is not sent", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("../../../../tmp/owned")]
    [InlineData("..%2f..%2fowned")]
    [InlineData("a\r\nSet-Cookie: owned=1")]
    [InlineData("")]
    public async Task A_hostile_token_goes_nowhere(string token)
    {
        await using var edge = await CaEdge.StartAsync(Brisk, Setup);
        var before = Files();
        edge.Ca.Fail(CaOperation.NewOrder, CaFault.HostileToken(token));

        var result = await edge.RenewAsync(Host);

        Assert.False(result.Succeeded, result.Message);
        Assert.DoesNotContain('\n', result.Message);
        Assert.Equal(0, edge.Ca.FailedValidations);
        Assert.Equal(before, Files());
        var renewed = await edge.RenewAsync(Host);
        Assert.True(renewed.Succeeded, renewed.Message);

        // What begins with a dot is being written: what the CA has said about renewal, say.
        List<string> Files() => [.. Directory.EnumerateFiles(edge.Data, "*", SearchOption.AllDirectories)
            .Where(file => Path.GetFileName(file) is not ("pending.pem" or ['.', ..])).Order(StringComparer.Ordinal)];
    }

    [Theory]
    [InlineData("alreadyReplaced", 409)]
    [InlineData("malformed", 400)]
    [InlineData("unauthorized", 403)]
    [InlineData("serverInternal", 500)]
    public async Task What_the_CA_says_of_the_certificate_before_does_not_cost_the_one_after(string problem, int status)
    {
        await using var edge = await CaEdge.StartAsync(Brisk, Setup);
        edge.Ca.Fail(CaOperation.NewOrder, CaFault.Problem(problem, status));

        var renewed = await edge.RenewAsync(Host);

        Assert.True(renewed.Succeeded, renewed.Message);
        Assert.Equal([201, status, 201], edge.Ca.Recorded.Where(request => request.Operation == CaOperation.NewOrder).Select(request => request.Status));
        Assert.Null(edge.Ca.Certificates.Single(certificate => certificate.SerialNumber == renewed.SerialNumber).Replaces);
    }

    [Fact]
    public async Task Every_problem_of_an_order_is_shown()
    {
        await using var edge = await CaEdge.StartAsync(Brisk, Setup);
        edge.Ca.Fail(CaOperation.Challenge, CaFault.Invalid("compound", new CaSubproblem("caa", Host, "no record allows us"), new CaSubproblem("dns", Host, "SERVFAIL")));

        var result = await edge.RenewAsync(Host);

        Assert.False(result.Succeeded);
        Assert.Contains("caa: no record allows us", result.Message, StringComparison.Ordinal);
        Assert.Contains("dns: SERVFAIL", result.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_account_that_the_CA_has_lost_is_registered_anew()
    {
        await using var edge = await CaEdge.StartAsync(Brisk, Setup);
        edge.Ca.ForgetAccounts();

        var renewed = await edge.RenewAsync(Host);

        Assert.True(renewed.Succeeded, renewed.Message);
        Assert.Equal("lost", edge.Audit.Single(line => line.Action == "accountReplaced").Why);
    }
}
