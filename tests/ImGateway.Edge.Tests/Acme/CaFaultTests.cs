using System.Text.Json.Nodes;
using ImGateway.Acme;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Acme;

/// <summary>Whatever a CA does wrong, the edge says so, serves what it has, and has the next certificate once the CA does right.</summary>
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
    public async Task A_failure_at_any_step_is_told_and_the_next_attempt_succeeds(CaOperation step)
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
                Assert.Contains(edge.Log.Lines, line => line.Text.Contains($"renewal failed: {first.Message[(Host.Length + 2)..]}", StringComparison.Ordinal));
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
    public async Task After_failures_of_all_kinds_the_loop_goes_on_and_asks_no_earlier_than_it_was_told()
    {
        var wish = TimeSpan.FromSeconds(9);
        await using var edge = await CaEdge.StartAsync(
            Brisk with { Lifetime = TimeSpan.FromSeconds(45), ReuseAuthorizations = true },
            Setup with { Settings = new Dictionary<string, JsonNode?> { ["Acme:RenewAt"] = 0.95 } });
        edge.Ca.Fail(CaOperation.NewOrder, CaFault.Problem("serverInternal", 500), CaFault.RateLimited(wish));

        await edge.Ca.WaitUntilAsync(ca => ca.CertificatesIssued == 2, TimeSpan.FromSeconds(40));

        var orders = edge.Ca.Recorded.Where(request => request.Operation == CaOperation.NewOrder).ToList();
        Assert.Equal([201, 500, 429, 201], orders.Select(order => order.Status));
        Assert.DoesNotContain(edge.Ca.Recorded, request => request.Time > orders[2].Time && request.Time < orders[2].Time + wish);
        await edge.Log.WaitForAsync(line => line.Text.Contains("replaced by", StringComparison.Ordinal), CaEdge.Patience);
        var metrics = await edge.MetricsAsync();
        Assert.Equal(2, metrics.Sum("imgw_certificate_renewals_total", ("host", Host), ("result", "failure"), ("reason", "age")));
        Assert.Equal(1, metrics.Sum("imgw_certificate_renewals_total", ("host", Host), ("result", "success"), ("reason", "age")));
        Assert.Equal(["accountRegistered", "renewed", "renewalFailed", "renewalFailed", "renewed"], edge.Audit.Select(line => line.Action));
    }

    [Fact]
    public async Task A_certificate_that_is_not_what_was_ordered_is_never_served()
    {
        (CaOperation Step, CaFault Fault, string Why)[] mistakes =
        [
            (CaOperation.Finalize, CaFault.OtherKey, "the key does not belong to any of the 2 certificates"),
            (CaOperation.Finalize, CaFault.OtherNames, "is for other.gateway.test and covers none of the configured hosts"),
            (CaOperation.Finalize, CaFault.ExpiredCertificate, "the certificate expired at"),
            (CaOperation.Finalize, CaFault.OtherIssuer, "the certificate of its issuer 'CN=A stranger' is missing, so clients could not verify it"),
            (CaOperation.Certificate, CaFault.LeafOnly, "is missing, so clients could not verify it"),
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
    public async Task What_was_replaced_already_is_ordered_once_more_without_saying_so()
    {
        await using var edge = await CaEdge.StartAsync(Brisk, Setup);
        edge.Ca.Fail(CaOperation.NewOrder, CaFault.AlreadyReplaced);

        var renewed = await edge.RenewAsync(Host);

        Assert.True(renewed.Succeeded, renewed.Message);
        Assert.Equal([201, 409, 201], edge.Ca.Recorded.Where(request => request.Operation == CaOperation.NewOrder).Select(request => request.Status));
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

        List<string> Files() => [.. Directory.EnumerateFiles(edge.Data, "*", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(edge.Data, file)).Where(file => !file.EndsWith("pending.pem", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
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

    [Fact]
    public async Task A_window_in_the_past_renews_at_once_because_the_CA_asked_for_it()
    {
        var past = CaFault.Rewrite(answer => answer["suggestedWindow"] = new JsonObject { ["start"] = "2020-01-01T00:00:00Z", ["end"] = "2020-01-02T00:00:00Z" });
        await using var edge = await CaEdge.StartAsync(Brisk, Setup, ca => ca.Fail(CaOperation.RenewalInfo, past));

        await edge.Log.WaitForAsync(line => line.Text.Contains("replaced by", StringComparison.Ordinal), CaEdge.Patience);

        Assert.Equal(["missing", "ari"], edge.Audit.Where(line => line.Action == "renewed").Select(line => line.Why));
        var metrics = await edge.MetricsAsync();
        Assert.Equal(1, metrics.Sum("imgw_certificate_renewals_total", ("host", Host), ("result", "success"), ("reason", "ari")));
        // What the CA asked for counts against no limit.
        Assert.Equal(4, metrics.Sum("imgw_acme_rate_limit_remaining", ("limit", "certificates")));
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

    /// <summary>A line of base64 that only this key has.</summary>
    static string KeyIn(string pem)
    {
        var lines = pem[pem.IndexOf("PRIVATE KEY", StringComparison.Ordinal)..].Split('\n');
        return lines[2];
    }
}
