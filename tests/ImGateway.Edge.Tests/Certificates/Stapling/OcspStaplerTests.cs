using ImGateway.Edge.Certificates.Installation;
using ImGateway.Edge.Certificates.Stapling;
using ImGateway.Edge.Certificates.Store;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Scheduling;
using ImGateway.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Prometheus;

namespace ImGateway.Edge.Tests.Certificates.Stapling;

public sealed class OcspStaplerTests : IAsyncLifetime
{
    readonly CertificateWorld _world = new();
    readonly LogCollector<OcspStapler> _log = new();
    readonly CollectorRegistry _registry = Prometheus.Metrics.NewCustomRegistry();
    readonly List<IDisposable> _owned = [];
    ScriptedResponder _responder = null!;
    OcspStates _states = null!;
    CertificateWorld.Edge _edge = null!;
    OcspStapler _stapler = null!;

    static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _responder = await ScriptedResponder.StartAsync();

    public async ValueTask DisposeAsync()
    {
        _owned.Reverse();
        _owned.ForEach(owned => owned.Dispose());
        _world.Dispose();
        await _responder.DisposeAsync();
    }

    [Fact]
    public async Task A_good_response_is_stapled_for_every_host_of_the_certificate_by_one_request_and_kept()
    {
        var response = Good(Write(Leaf()));
        _responder.Answer(response);
        await StartAsync();
        Assert.Equal(OcspState.Stale, _states.Of(CertificateWorld.Gateway));

        await RoundAsync();

        Assert.Equal(OcspState.Good, _states.Of(CertificateWorld.Gateway));
        Assert.Equal(OcspState.Good, _states.Of(CertificateWorld.Chat));
        Assert.Equal(1, _responder.Requests);
        Assert.Equal(response, await File.ReadAllBytesAsync(_world.Stored(CertificateWorld.Chat, "ocsp.der"), Cancelled));
        Assert.Equal(response, _edge.Selector.StapleOf(CertificateWorld.Gateway));
        var scrape = await ScrapeAsync();
        Assert.Equal(1, scrape.Sum("imgw_ocsp_staple_state", ("host", "chat.example.com"), ("state", "good")));
        Assert.Equal(1, scrape.Sum("imgw_ocsp_staple_state", ("host", "chat.example.com")));
        Assert.Equal(OcspState.Good, (await _world.Offline.ReadAsync(Cancelled))[0].Ocsp);
    }

    [Fact]
    public async Task A_restart_staples_what_was_kept_without_a_request()
    {
        var response = Good(Write(Leaf()));
        _responder.Answer(response);
        await StartAsync();
        await RoundAsync();
        Stop();
        _responder.Fail();

        await StartAsync();

        Assert.Equal(response, _edge.Selector.StapleOf(CertificateWorld.Gateway));
        Assert.Equal(OcspState.Good, _states.Of(CertificateWorld.Gateway));
        await RoundAsync();
        Assert.Equal(1, _responder.Requests);
    }

    [Fact]
    public async Task It_is_fetched_anew_at_half_life_and_kept_through_failures_until_it_expires()
    {
        var issued = Write(Leaf());
        var (first, start) = (Good(issued), _world.Time.GetUtcNow());
        _responder.Answer(first);
        await StartAsync();
        await RoundAsync();
        _world.Time.Advance(TimeSpan.FromDays(2.9));
        await RoundAsync();
        Assert.Equal(1, _responder.Requests);

        _responder.Fail();
        _world.Time.Advance(TimeSpan.FromDays(1.1));
        await RoundAsync();
        Assert.Equal(2, _responder.Requests);
        Assert.Equal(first, _edge.Selector.StapleOf(CertificateWorld.Gateway));
        Assert.Contains("HTTP status 503", await _log.ContainingAsync("goes on being stapled", Cancelled));

        _world.Time.Advance(start.AddDays(7).AddMinutes(1) - _world.Time.GetUtcNow());
        await RoundAsync();
        Assert.Null(_edge.Selector.StapleOf(CertificateWorld.Gateway));
        Assert.Equal(OcspState.Stale, _states.Of(CertificateWorld.Gateway));

        var second = Good(issued);
        _responder.Answer(second);
        _world.Time.Advance(TimeSpan.FromHours(1.2));
        await RoundAsync();
        Assert.Equal(second, _edge.Selector.StapleOf(CertificateWorld.Gateway));
        Assert.Equal(OcspState.Good, _states.Of(CertificateWorld.Gateway));
    }

    [Fact]
    public async Task Time_out_in_the_storage_does_not_end_stapling()
    {
        _responder.Answer(Good(Write(Leaf())));
        await StartAsync();
        await _stapler.RoundAsync(Cancelled);
        await _stapler.FetchesAsync().WaitAsync(TimeSpan.FromSeconds(20), Cancelled);
        _world.OnDiskOperation = () => throw new TaskCanceledException("timed out");
        var failed = _log.ContainingAsync("OCSP upkeep failed", Cancelled);

        await _stapler.StartAsync(Cancelled);

        await Task.WhenAny(failed, _stapler.ExecuteTask!);
        Assert.False(_stapler.ExecuteTask!.IsCompleted);
        _world.OnDiskOperation = () => { };
        await _stapler.StopAsync(Cancelled);
    }

    [Fact]
    public async Task A_revoked_certificate_is_reported_and_not_stapled_also_after_a_restart()
    {
        var issued = Write(Leaf());
        _responder.Answer(Good(issued));
        await StartAsync();
        await RoundAsync();
        var credential = _edge.Selector.Served[CertificateWorld.Gateway];
        Assert.False(_states.IsRevoked(credential));

        _world.Time.Advance(TimeSpan.FromDays(4.5));
        _responder.Answer(Response(issued, OcspStatus.Revoked));
        await RoundAsync();

        Assert.Null(_edge.Selector.StapleOf(CertificateWorld.Gateway));
        Assert.True(_states.IsRevoked(credential));
        Assert.Contains(_log.Lines, line => line.Level == LogLevel.Error && line.Text.Contains("is revoked"));
        Stop();
        _responder.Fail();
        await StartAsync();
        Assert.Equal(OcspState.Revoked, _states.Of(CertificateWorld.Gateway));

        using var other = _world.Issue();
        Assert.True((await _edge.ImportAsync(other)).Succeeded);
        await RoundAsync();
        Assert.Equal(OcspState.NotOffered, _states.Of(CertificateWorld.Gateway));
        Assert.False(_states.IsRevoked(_edge.Selector.Served[CertificateWorld.Gateway]));
    }

    [Fact]
    public async Task Failures_are_tried_again_with_growing_pauses()
    {
        Write(Leaf());
        _responder.Fail();
        await StartAsync();
        await RoundAsync();
        Assert.Equal(OcspState.Stale, _states.Of(CertificateWorld.Gateway));
        foreach (var minutes in (int[])[1, 2, 4, 8, 16, 32, 60, 60])
        {
            var before = _responder.Requests;
            _world.Time.Advance(TimeSpan.FromMinutes(minutes * 0.85));
            await RoundAsync();
            Assert.Equal(before, _responder.Requests);
            _world.Time.Advance(TimeSpan.FromMinutes(minutes * 0.3));
            await RoundAsync();
            Assert.Equal(before + 1, _responder.Requests);
        }
    }

    [Fact]
    public async Task A_staple_stays_with_its_certificate_over_new_contexts_and_goes_to_no_other()
    {
        var issued = Write(Leaf());
        var response = Good(issued);
        _responder.Answer(response);
        await StartAsync();
        await RoundAsync();

        _edge.Selector.RotateTicketKeys();
        Assert.Equal(response, _edge.Selector.StapleOf(CertificateWorld.Gateway));

        using var other = _world.Ca.Issue(Leaf() with { Hosts = ["chat.example.com"] });
        Assert.True((await _edge.ImportAsync(other)).Succeeded);
        Assert.Equal(response, _edge.Selector.StapleOf(CertificateWorld.Gateway));
        Assert.Null(_edge.Selector.StapleOf(CertificateWorld.Chat));
        await RoundAsync();
        Assert.Null(_edge.Selector.StapleOf(CertificateWorld.Chat));
        Assert.Contains("about another certificate", await _log.ContainingAsync("is not used", Cancelled));
    }

    [Fact]
    public async Task Must_staple_without_a_staple_is_an_error_line()
    {
        Write(Leaf() with { MustStaple = true, OcspResponders = [] });
        await StartAsync();
        Assert.Equal(OcspState.NotOffered, _states.Of(CertificateWorld.Gateway));
        Assert.Contains(_log.Lines, line => line.Level == LogLevel.Error && line.Text.Contains("refuse it without a stapled OCSP response"));
    }

    [Fact]
    public async Task Hanging_responders_delay_neither_the_end_of_an_expired_staple_nor_another_certificate()
    {
        await using ScriptedResponder second = await ScriptedResponder.StartAsync(), sound = await ScriptedResponder.StartAsync();
        // Two responders are asked for one certificate, another one for the other.
        var issued = _world.Ca.Issue(new PkiLeaf { Hosts = ["gateway.example.com"], OcspResponders = [_responder.Url, second.Url] });
        var other = _world.Ca.Issue(new PkiLeaf { Hosts = ["chat.example.com"], OcspResponders = [sound.Url] });
        _owned.AddRange([issued, other]);
        _world.Options = _world.Options with
        {
            Certificates = new() { Source = ImGateway.Edge.Configuration.CertificateSource.Files, Files = [issued.WriteTo(_world["one"]), other.WriteTo(_world["two"])] },
        };
        _responder.Answer(Good(issued));
        sound.Answer(Response(other, OcspStatus.Good, TimeSpan.FromHours(2)));
        await StartAsync();
        await RoundAsync();
        Assert.NotNull(_edge.Selector.StapleOf(CertificateWorld.Gateway));

        // 1. Half of the long life is over: both its responders hang.
        var asked = new TaskCompletionSource();
        _responder.Hang(() => asked.TrySetResult());
        var secondAsked = new TaskCompletionSource();
        second.Hang(() => secondAsked.TrySetResult());
        _world.Time.Advance(TimeSpan.FromDays(3.9));
        sound.Fail();
        await _stapler.RoundAsync(Cancelled);
        await asked.Task.WaitAsync(TimeSpan.FromSeconds(20), Cancelled);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!_log.Lines.Any(line => line.Text.Contains("chat.example.com: no OCSP response")))
        {
            await _stapler.RoundAsync(Cancelled);
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        // 2. While they hang, the staple that has expired goes, and the other certificate gets its own.
        var renewed = Response(other, OcspStatus.Good, TimeSpan.FromDays(9));
        sound.Answer(renewed);
        _world.Time.Suspend(TimeSpan.FromDays(3.2));
        while (_edge.Selector.StapleOf(CertificateWorld.Chat) is null)
        {
            await _stapler.RoundAsync(Cancelled);
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        Assert.Equal(renewed, _edge.Selector.StapleOf(CertificateWorld.Chat));
        Assert.Null(_edge.Selector.StapleOf(CertificateWorld.Gateway));
        Assert.False(_stapler.FetchesAsync().IsCompleted);

        // 3. Each responder has ten seconds.
        _world.Time.Advance(TimeSpan.FromSeconds(10));
        await secondAsked.Task.WaitAsync(TimeSpan.FromSeconds(20), Cancelled);
        _world.Time.Advance(TimeSpan.FromSeconds(10));
        await _stapler.FetchesAsync().WaitAsync(TimeSpan.FromSeconds(20), Cancelled);
        await _stapler.RoundAsync(Cancelled);
        Assert.Contains("no answer within 10 s", await _log.ContainingAsync("gateway.example.com: no OCSP response", Cancelled));
    }

    [Fact]
    public async Task A_staple_is_fetched_in_time_though_the_clock_was_two_years_ahead_at_the_last_try()
    {
        var issued = Write(Leaf());
        _responder.Answer(Good(issued));
        await StartAsync();
        await RoundAsync();
        _world.Time.Error = TimeSpan.FromDays(730);
        await RoundAsync();
        Assert.Equal(2, _responder.Requests);
        Assert.Null(_edge.Selector.StapleOf(CertificateWorld.Gateway));

        _world.Time.Error = TimeSpan.Zero;
        var second = Good(issued);
        _responder.Answer(second);
        _world.Time.Advance(TimeSpan.FromMinutes(1.2));
        await RoundAsync();
        Assert.Equal(second, _edge.Selector.StapleOf(CertificateWorld.Gateway));
    }

    [Fact]
    public async Task A_staple_that_has_outlived_its_life_is_dropped_though_the_clock_was_put_back()
    {
        _responder.Answer(Good(Write(Leaf())));
        await StartAsync();
        await RoundAsync();
        _responder.Fail();
        _world.Time.Error = TimeSpan.FromDays(-300);
        _world.Time.Advance(TimeSpan.FromDays(7.1));
        await RoundAsync();
        Assert.Null(_edge.Selector.StapleOf(CertificateWorld.Gateway));
    }

    async Task StartAsync()
    {
        _edge = await _world.StartAsync();
        _owned.Add(_edge);
        _states = new OcspStates(Prometheus.Metrics.WithCustomRegistry(_registry));
        var client = new OcspClient(new OutgoingProxy(() => _world.Options), _world.Time, OcspClient.DefaultTimeout);
        _owned.Add(client);
        _stapler = new OcspStapler(
            _edge.Services.GetRequiredService<CertificateInstaller>(), _edge.Services.GetRequiredService<StoredStaples>(), _edge.Selector, _states, client,
            new OcspSchedule(new Random(1)), _world.Time, new ScheduleClock(_world.Time), _log);
        _owned.Add(_stapler);
        await _stapler.FollowAsync(Cancelled);
    }

    void Stop()
    {
        _stapler.Dispose();
        _edge.Dispose();
    }

    /// <summary>Starts what is due, waits for all that has been started, and puts it to use.</summary>
    async Task RoundAsync()
    {
        await _stapler.RoundAsync(Cancelled);
        await _stapler.FetchesAsync().WaitAsync(TimeSpan.FromSeconds(20), Cancelled);
        await _stapler.RoundAsync(Cancelled);
    }

    PkiLeaf Leaf() => new() { Hosts = ["gateway.example.com", "chat.example.com"], OcspResponders = [_responder.Url] };

    IssuedCertificate Write(PkiLeaf leaf)
    {
        var issued = _world.WriteFile(_world.Ca.Issue(leaf));
        _owned.Add(issued);
        return issued;
    }

    byte[] Good(IssuedCertificate issued) => Response(issued, OcspStatus.Good);

    byte[] Response(IssuedCertificate issued, OcspStatus status) => Response(issued, status, TimeSpan.FromDays(7));

    byte[] Response(IssuedCertificate issued, OcspStatus status, TimeSpan life) => new PkiOcspResponse(issued.Leaf, _world.Ca)
    {
        Status = status,
        ThisUpdate = _world.Time.GetUtcNow(),
        NextUpdate = _world.Time.GetUtcNow() + life,
    }.ToBytes();

    async Task<Scrape> ScrapeAsync()
    {
        using var page = new MemoryStream();
        await _registry.CollectAndExportAsTextAsync(page, Cancelled);
        return new Scrape(System.Text.Encoding.UTF8.GetString(page.ToArray()));
    }
}
