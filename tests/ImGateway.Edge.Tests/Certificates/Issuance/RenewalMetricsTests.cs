using ImGateway.Edge.Certificates.Renewal;

namespace ImGateway.Edge.Tests.Certificates.Issuance;

/// <summary>What the metrics say of a renewal is what the edge is going to do: alerts are made of them.</summary>
public sealed class RenewalMetricsTests : IDisposable
{
    const string Next = "imgw_certificate_next_renewal_timestamp_seconds{host=\"gateway.example.com\"}";
    const string Failures = "imgw_certificate_renewal_consecutive_failures{host=\"gateway.example.com\"}";

    readonly CertificateWorld _world = new();
    readonly SimulatedCa _ca;

    public RenewalMetricsTests()
    {
        _world.UseAcme();
        _world.Options = _world.Options with { Hosts = [CertificateWorld.Gateway, CertificateWorld.Chat] };
        _ca = _world.UseSimulatedCa();
    }

    public void Dispose() => _world.Dispose();

    [Fact]
    public async Task Failures_and_the_next_attempt_show_at_once_after_a_restart()
    {
        double next;
        using (var first = await _world.StartAsync())
        {
            await first.RoundAsync();
            _world.Time.Advance(_ca.Lifetime * 0.7);
            _ca.NextFault = () => OrderFault.ServerError("no");
            await first.RoundAsync();
            Assert.Equal(1, await _world.MetricAsync(Failures));
            next = await _world.MetricAsync(Next);
            Assert.True(next > _world.Time.GetUtcNow().ToUnixTimeSeconds());
        }

        _world.ForgetMetrics();
        using var second = await _world.StartAsync();
        Assert.Equal(1, await _world.MetricAsync(Failures));
        Assert.Equal(next, await _world.MetricAsync(Next));
    }

    [Fact]
    public async Task A_renewal_of_one_host_leaves_that_of_another_where_the_CA_wished_it()
    {
        _ca.RenewalInfo = leaf =>
        {
            var late = new DateTimeOffset(leaf.NotAfter.ToUniversalTime()) - _ca.Lifetime * 0.1;
            return Task.FromResult<RenewalWindow?>(new RenewalWindow(late, late, null, TimeSpan.FromHours(6)));
        };
        using var edge = await _world.StartAsync();
        await edge.RoundAsync();
        await edge.RoundAsync();
        var next = await _world.MetricAsync(Next);
        Assert.Equal((edge.Served[CertificateWorld.Gateway].NotAfter - _ca.Lifetime * 0.1).ToUnixTimeSeconds(), next, tolerance: 1);

        var renewed = await edge.Renewals.RenewAsync(CertificateWorld.Chat, force: true, staging: false, "uid 0", new Progress<string>(), CancellationToken.None);

        Assert.True(renewed.Succeeded, renewed.Message);
        Assert.Equal(next, await _world.MetricAsync(Next));
    }

    [Fact]
    public async Task Where_a_file_takes_over_no_renewal_is_promised_and_no_failure_stands()
    {
        using var edge = await _world.StartAsync();
        await edge.RoundAsync();
        _world.Time.Advance(_ca.Lifetime * 0.7);
        _ca.NextFault = () => OrderFault.ServerError("no");
        await edge.RoundAsync();
        Assert.Equal(1, await _world.MetricAsync(Failures));

        _world.WriteFile(_world.Issue());
        await edge.ReloadAsync(_world.Options);

        // Zero stands for none.
        Assert.Equal("files", edge.Certificate().Source);
        Assert.Equal(0, await _world.MetricAsync(Next));
        Assert.Equal(0, await _world.MetricAsync(Failures));
    }
}
