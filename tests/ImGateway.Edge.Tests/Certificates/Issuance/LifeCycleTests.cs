using ImGateway.Acme;
using ImGateway.Edge.Certificates.Renewal;
using ImGateway.Edge.Tests.Scenarios.Acme;
using Microsoft.Extensions.Logging;
using static ImGateway.Edge.Tests.Certificates.CertificateWorld;

namespace ImGateway.Edge.Tests.Certificates.Issuance;

/// <summary>The manager with a CA that answers at once, on fake time.</summary>
public sealed class LifeCycleTests : IDisposable
{
    readonly CertificateWorld _world = new();
    readonly SimulatedCa _ca;
    readonly Progress _progress = new();

    public LifeCycleTests()
    {
        _world.UseAcme();
        _ca = _world.UseSimulatedCa();
    }

    public void Dispose() => _world.Dispose();

    [Fact]
    public async Task First_certificate_comes_after_the_start_and_is_kept_over_a_restart_with_the_CA_down()
    {
        string serial;
        using (var first = await _world.StartAsync())
        {
            Assert.Empty(first.Served);
            await first.RoundAsync();
            serial = first.Serial();
            Assert.Equal(("acme", "https://ca.example.com/directory"), (first.Certificate().Source, first.Certificate().Origin));
            Assert.Equal(1, await _world.MetricAsync("imgw_certificate_renewal_consecutive_failures{host=\"gateway.example.com\"}") + 1);
        }

        _ca.NextFault = () => OrderFault.ServerError("down");
        using var second = await _world.StartAsync();
        Assert.Equal(serial, second.Serial());
        await second.RoundAsync();
        Assert.Single(_ca.Orders);
        var entry = Assert.Single(AuditLines.Read(_world.Data("audit.jsonl")));
        Assert.Equal(("renewed", "gateway.example.com", "missing", "loop", null, serial, 2), (entry.Action, entry.Host, entry.Why, entry.Who, entry.OldSerial, entry.NewSerial, entry.ChainLength!.Value));
    }

    [Fact]
    public async Task Failures_are_retried_by_the_schedule_over_restarts_and_the_line_says_when()
    {
        _ca.NextFault = () => OrderFault.ServerError("newOrder at ca.example.com: no");
        for (var failure = 1; failure <= 3; failure++)
        {
            using var edge = await _world.StartAsync();
            await edge.RoundAsync();
            await edge.RoundAsync();
            Assert.Equal(failure, _ca.Orders.Count);
            Assert.Equal(failure, await _world.MetricAsync("imgw_certificate_renewal_consecutive_failures{host=\"gateway.example.com\"}"));
            _world.Time.Advance(TimeSpan.FromMinutes(1.2 * Math.Pow(10, failure - 1)));
        }

        Assert.All(
            _world.Log.Lines.Where(line => line.Level == LogLevel.Error),
            line => line.Text.AssertSays("gateway.example.com: no certificate: newOrder at ca.example.com: no", "TLS connections are refused", "next attempt"));
        _ca.NextFault = () => null;
        using var last = await _world.StartAsync();
        await last.RoundAsync();
        Assert.NotEmpty(last.Serial());
        Assert.Equal(0, await _world.MetricAsync("imgw_certificate_renewal_consecutive_failures{host=\"gateway.example.com\"}"));
    }

    [Fact]
    public async Task CA_chooses_the_window_and_the_instant_in_it_outlives_a_restart()
    {
        var begin = _world.Time.GetUtcNow();
        _ca.RenewalInfo = _ => Task.FromResult<RenewalWindow?>(new RenewalWindow(begin.AddDays(20), begin.AddDays(22), new Uri("https://ca.example.com/why"), TimeSpan.FromHours(6)));
        NextAction next;
        using (var first = await _world.StartAsync())
        {
            await first.RoundAsync();
            await first.RoundAsync();
            next = first.Certificate().Next;
            Assert.Equal(("renew", "ari"), (next.Action, next.Why));
            Assert.InRange(next.At!.Value, begin.AddDays(20), begin.AddDays(22));
            Assert.Single(_world.Log.Lines, line => line.Text.Contains("the CA suggests renewal") && line.Text.Contains("https://ca.example.com/why"));
        }

        using var second = await _world.StartAsync();
        await second.RoundAsync();
        Assert.Equal(next, second.Certificate().Next);
        var serial = second.Serial();
        _world.Time.Advance(next.At!.Value - begin);
        await second.RoundAsync();
        Assert.NotEqual(serial, second.Serial());
        Assert.Equal(1, await _world.MetricAsync("imgw_certificate_renewals_total{host=\"gateway.example.com\",result=\"success\",reason=\"ari\"}"));
    }

    [Fact]
    public async Task Silent_CA_does_not_keep_a_certificate_from_being_renewed()
    {
        _ca.RenewalInfo = _ => throw new HttpRequestException("down");
        using var edge = await _world.StartAsync();
        await edge.RoundAsync();
        var serial = edge.Serial();
        for (var day = 0; day < 59; day++)
        {
            _world.Time.Advance(TimeSpan.FromDays(1));
            await edge.RoundAsync();
        }

        Assert.NotEqual(serial, edge.Serial());
        Assert.Equal(2, _ca.Orders.Count);
        Assert.True(_ca.RenewalInfoRequests > 50);
    }

    [Fact]
    public async Task Imported_certificate_is_renewed_by_the_CA_when_it_is_due()
    {
        using var imported = _world.Issue(TimeSpan.FromDays(50), TimeSpan.FromDays(40));
        using var edge = await _world.StartAsync();
        Assert.True((await edge.ImportAsync(imported)).Succeeded);
        await edge.RoundAsync();
        Assert.Equal(imported.SerialNumber, edge.Serial());
        Assert.Empty(_ca.Orders);
        _world.Time.Advance(TimeSpan.FromDays(9));
        await edge.RoundAsync();
        Assert.NotEqual(imported.SerialNumber, edge.Serial());
        Assert.Equal(["installed", "renewed"], AuditLines.Read(_world.Data("audit.jsonl")).Select(entry => entry.Action));
    }

    [Fact]
    public async Task Expired_certificate_is_served_until_the_next_one_comes()
    {
        string serial;
        using (var first = await _world.StartAsync())
        {
            await first.RoundAsync();
            serial = first.Serial();
        }

        _world.Time.Advance(TimeSpan.FromDays(100));
        _ca.NextFault = () => OrderFault.ServerError("down");
        using var second = await _world.StartAsync();
        Assert.Equal(serial, second.Serial());
        await second.RoundAsync();
        Assert.Contains(_world.Log.Lines, line => line.Level == LogLevel.Error && line.Text.Contains("expired at") && line.Text.Contains("served all the same"));
    }

    [Fact]
    public async Task Certificate_that_fails_the_probe_is_the_hosts_failure_and_the_old_one_stays()
    {
        using var edge = await _world.StartAsync();
        await edge.RoundAsync();
        var serial = edge.Serial();
        _world.HandshakeFailure = _ => "shown another chain";
        var result = await edge.Renewals.RenewAsync(Gateway, force: true, staging: false, "uid 0", _progress, CancellationToken.None);
        Assert.False(result.Succeeded);
        Assert.Contains("shown another chain", result.Message);
        Assert.Equal((serial, serial), (edge.Serial(), result.SerialNumber));
        Assert.Contains("shown another chain", edge.Certificate().Next.LastError);
        Assert.Equal("renewalFailed", AuditLines.Read(_world.Data("audit.jsonl"))[^1].Action);
    }

    [Fact]
    public async Task Renewal_by_hand_is_left_alone_where_not_due_and_forced_otherwise()
    {
        using var edge = await _world.StartAsync();
        await edge.RoundAsync();
        var serial = edge.Serial();
        var result = await edge.Renewals.RenewAsync(Gateway, force: false, staging: false, "uid 0", _progress, CancellationToken.None);
        Assert.True(result.Succeeded);
        Assert.Contains("is not due before", result.Message);
        Assert.Equal(serial, edge.Serial());
        result = await edge.Renewals.RenewAsync(Gateway, force: true, staging: false, "uid 0", _progress, CancellationToken.None);
        Assert.Equal((true, edge.Serial()), (result.Succeeded, result.SerialNumber));
        Assert.Equal(["gateway.example.com: ordering"], _progress.Lines);
        var entry = AuditLines.Read(_world.Data("audit.jsonl"))[^1];
        Assert.Equal(("renewed", "manual", "uid 0", serial, edge.Serial()), (entry.Action, entry.Why, entry.Who, entry.OldSerial, entry.NewSerial));
    }

    [Fact]
    public async Task Dry_run_keeps_nothing()
    {
        using var edge = await _world.StartAsync();
        var result = await edge.Renewals.RenewAsync(Gateway, force: true, staging: true, "uid 0", _progress, CancellationToken.None);
        Assert.True(result.Succeeded);
        Assert.True(Assert.Single(_ca.Orders).Staging);
        Assert.Empty(edge.Served);
        Assert.False(Directory.Exists(_world.Data("accounts")));
    }

    [Fact]
    public async Task Revocation_comes_after_the_new_certificate_unless_the_key_is_known_to_others()
    {
        using var edge = await _world.StartAsync();
        await edge.RoundAsync();
        var first = edge.Serial();
        Assert.True((await edge.Renewals.RevokeAsync(Gateway, RevocationReason.Superseded, "uid 0", _progress, CancellationToken.None)).Succeeded);
        var second = edge.Serial();
        Assert.Equal([first], _ca.Revoked);
        Assert.Null(edge.Certificate().Previous);
        Assert.False(File.Exists(_world.Stored(Gateway, "previous.pem")));
        Assert.Contains("has no previous certificate", Assert.Single((await edge.RollbackAsync()).Problems));

        _ca.NextFault = () => OrderFault.ServerError("down");
        Assert.False((await edge.Renewals.RevokeAsync(Gateway, RevocationReason.KeyCompromise, "uid 0", _progress, CancellationToken.None)).Succeeded);
        Assert.Equal([first, second], _ca.Revoked);
        _ca.NextFault = () => null;
        _world.Time.Advance(TimeSpan.FromMinutes(2));
        await edge.RoundAsync();
        Assert.NotEqual(second, edge.Serial());
        Assert.True(_ca.Orders[^1].NewKey);
        Assert.False(File.Exists(_world.Stored(Gateway, "previous.pem")));
        Assert.Equal(1, await _world.MetricAsync("imgw_certificate_renewals_total{host=\"gateway.example.com\",result=\"failure\",reason=\"revoked\"}"));
    }

    [Fact]
    public async Task Development_certificate_is_served_only_until_the_CA_has_issued_one()
    {
        string development;
        _world.UseSelfSigned();
        using (var first = await _world.StartAsync()) development = first.Serial();
        _world.UseAcme();
        using var second = await _world.StartAsync();
        Assert.Equal(development, second.Serial());
        Assert.Equal(("renew", "missing"), (second.Certificate().Next.Action, second.Certificate().Next.Why));
        await second.RoundAsync();
        Assert.Equal(("acme", Assert.Single(_ca.Orders).Host), (second.Certificate().Source, Gateway));
    }

    [Fact]
    public async Task Certificate_that_its_CA_has_revoked_is_replaced_once_with_a_new_key()
    {
        HashSet<string> revoked = [];
        _world.IsRevoked = credential => revoked.Contains(credential.SerialNumber);
        using var edge = await _world.StartAsync();
        await edge.RoundAsync();
        var first = edge.Serial();
        revoked.Add(first);
        await edge.RoundAsync();
        await edge.RoundAsync();
        Assert.NotEqual(first, edge.Serial());
        Assert.Equal([false, true], _ca.Orders.Select(order => order.NewKey));
        var entry = AuditLines.Read(_world.Data("audit.jsonl"))[^1];
        Assert.Equal(("renewed", "revoked", "loop", first), (entry.Action, entry.Why, entry.Who, entry.OldSerial));
        Assert.Single(_world.Log.Lines, line => line.Text.Contains($"certificate {first} is revoked"));
    }

    [Fact]
    public async Task CA_that_revokes_all_it_issues_is_not_asked_for_ever()
    {
        _world.IsRevoked = _ => true;
        _ca.HasRenewalInfo = true;
        using var edge = await _world.StartAsync();
        for (var round = 0; round < 20; round++) await edge.RoundAsync();
        Assert.InRange(_ca.Orders.Count, 2, 5);
        Assert.Contains("kept for an emergency", edge.Certificate().Next.LastError);
    }

    [Fact]
    public async Task Renewal_by_hand_comes_after_a_question_to_the_CA_that_is_under_way()
    {
        using var edge = await _world.StartAsync();
        await edge.RoundAsync();
        var serial = edge.Serial();
        var (asked, answer) = (new TaskCompletionSource(), new TaskCompletionSource<RenewalWindow?>());
        _ca.RenewalInfo = _ =>
        {
            asked.TrySetResult();
            return answer.Task;
        };
        await edge.Manager.RunDueAsync(CancellationToken.None);
        await asked.Task.WaitAsync(TimeSpan.FromSeconds(10));
        var renewal = edge.Renewals.RevokeAsync(Gateway, RevocationReason.KeyCompromise, "uid 0", _progress, CancellationToken.None);
        answer.SetResult(new RenewalWindow(_world.Time.GetUtcNow().AddDays(60), _world.Time.GetUtcNow().AddDays(62), null, TimeSpan.FromHours(6)));
        Assert.True((await renewal.WaitAsync(TimeSpan.FromSeconds(10))).Succeeded);
        Assert.NotEqual(serial, edge.Serial());
        Assert.True(_ca.Orders[^1].NewKey);
        Assert.False(File.Exists(_world.Stored(Gateway, "previous.pem")));
    }

    [Fact]
    public async Task Second_process_on_the_same_directory_orders_nothing()
    {
        using var first = await _world.StartAsync();
        using var second = await _world.StartAsync();
        await second.RoundAsync();
        Assert.Empty(_ca.Orders);
        Assert.Contains("is held by another imgw process", (await second.Renewals.RenewAsync(Gateway, force: true, staging: false, "uid 0", _progress, CancellationToken.None)).Message);
        await first.RoundAsync();
        Assert.Single(_ca.Orders);
    }

    sealed class Progress : IProgress<string>
    {
        public List<string> Lines { get; } = [];

        public void Report(string value) => Lines.Add(value);
    }
}
