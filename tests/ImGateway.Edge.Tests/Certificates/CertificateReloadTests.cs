using ImGateway.Edge.Certificates;
using ImGateway.Edge.Certificates.Store;
using ImGateway.Edge.Configuration;
using Microsoft.Extensions.DependencyInjection;
using static ImGateway.Edge.Tests.Certificates.CertificateWorld;

namespace ImGateway.Edge.Tests.Certificates;

/// <summary>The manager, going over from one configuration to the next.</summary>
public sealed class CertificateReloadTests : IDisposable
{
    static readonly HostName Shop = HostName.Parse("shop.example.com");

    readonly CertificateWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public async Task A_host_that_comes_and_goes_leaves_the_others_as_they_are()
    {
        _world.WriteFile();
        using var edge = await _world.StartAsync();
        var gateway = edge.Served[Gateway];
        var shop = _world.Issue(TimeSpan.Zero, TimeSpan.FromDays(90), "shop.example.com").WriteTo(_world["shop"]);

        await ReconfigureAsync(edge, _world.Options with { Hosts = [Gateway, Shop], Certificates = _world.Options.Certificates with { Files = [.. _world.Options.Certificates.Files, shop] } });

        Assert.Equal([Gateway, Shop], edge.Served.Keys.OrderBy(host => host.Value, StringComparer.Ordinal));
        Assert.Same(gateway, edge.Served[Gateway]);
        Assert.Equal([Gateway, Shop], edge.Overview.Certificates.Select(certificate => certificate.Host));
        Assert.True(await _world.MetricAsync("ssl_certificate_expiry_seconds{host=\"shop.example.com\",source=\"files\"}") > 0);
        Assert.Equal(0, await _world.MetricAsync("ssl_certificate_expiry_seconds{host=\"chat.example.com\",source=\"files\"}"));
        Assert.True(File.Exists(_world.Stored(Chat, "current.pem")));
    }

    [Fact]
    public async Task A_certificate_that_does_not_prove_itself_leaves_everything_as_it_was()
    {
        _world.WriteFile();
        using var edge = await _world.StartAsync();
        var before = edge.Served.ToDictionary();
        _world.HandshakeFailure = host => host == Shop ? "no" : null;
        var shop = _world.Issue(TimeSpan.Zero, TimeSpan.FromDays(90), "shop.example.com").WriteTo(_world["shop"]);
        var next = _world.Options with { Hosts = [Gateway, Shop], Certificates = _world.Options.Certificates with { Files = [.. _world.Options.Certificates.Files, shop] } };

        var refused = await Assert.ThrowsAsync<CertificateLoadException>(() => ReconfigureAsync(edge, next));

        Assert.Contains("shop.example.com", string.Join('\n', refused.Lines));
        Assert.Equal(before, edge.Served.ToDictionary());
        Assert.Equal([Gateway, Chat], edge.Overview.Certificates.Select(certificate => certificate.Host));
        Assert.True(await _world.MetricAsync("ssl_certificate_expiry_seconds{host=\"chat.example.com\",source=\"files\"}") > 0);
        Assert.Equal(0, await _world.MetricAsync("ssl_certificate_expiry_seconds{host=\"shop.example.com\",source=\"files\"}"));

        // The files are still watched.
        var renewed = _world.WriteFile();
        await edge.SettleAsync();
        Assert.Equal(renewed.SerialNumber, edge.Serial());
    }

    [Fact]
    public async Task A_host_that_has_no_certificate_already_refuses_no_reload()
    {
        _world.WriteFile(_world.Issue(TimeSpan.Zero, TimeSpan.FromDays(90), "gateway.example.com"));
        using var edge = await _world.StartAsync();
        Assert.Equal([Gateway], edge.Served.Keys);
        var shop = _world.Issue(TimeSpan.Zero, TimeSpan.FromDays(90), "shop.example.com").WriteTo(_world["shop"]);

        await ReconfigureAsync(edge, _world.Options with
        {
            Hosts = [Gateway, Chat, Shop], Certificates = _world.Options.Certificates with { Files = [.. _world.Options.Certificates.Files, shop] },
        });

        Assert.Equal([Gateway, Shop], edge.Served.Keys.OrderBy(host => host.Value, StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_reload_that_was_refused_leaves_the_store_as_it_was()
    {
        _world.WriteFile();
        using var edge = await _world.StartAsync();
        var before = Contents();
        var gateway = _world.Issue().WriteTo(_world["new"]);
        var shop = _world.Issue(TimeSpan.Zero, TimeSpan.FromDays(90), "shop.example.com").WriteTo(_world["shop"]);
        _world.HandshakeFailure = host => host == Shop ? "no" : null;

        await Assert.ThrowsAsync<CertificateLoadException>(() => ReconfigureAsync(edge, _world.Options with
        {
            Hosts = [Gateway, Chat, Shop],
            Certificates = _world.Options.Certificates with { Files = [gateway, shop] },
        }));

        Assert.Equal(before, Contents());

        Dictionary<string, string> Contents() => Directory.EnumerateFiles(_world.Data("certificates"), "*", SearchOption.AllDirectories)
            .ToDictionary(path => path, path => Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(path))));
    }

    [Fact]
    public async Task What_is_issued_for_a_host_that_was_removed_meanwhile_is_not_put_to_use()
    {
        _world.UseAcme();
        var (asked, answer) = (new TaskCompletionSource(), new TaskCompletionSource());
        var ca = _world.UseSimulatedCa();
        ca.Hold = async _ =>
        {
            asked.TrySetResult();
            await answer.Task;
        };
        using var edge = await _world.StartAsync();
        var round = edge.RoundAsync();
        await asked.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);

        await ReconfigureAsync(edge, _world.Options with { Hosts = [Shop] });
        answer.SetResult();
        await round;
        await edge.RoundAsync();

        Assert.Equal([Shop], edge.Served.Keys);
        Assert.False(File.Exists(_world.Stored(Gateway, "current.pem")));
        Assert.Equal(0, await _world.MetricAsync("imgw_certificate_renewals_total{host=\"gateway.example.com\",result=\"success\",reason=\"missing\"}"));
    }

    [Fact]
    public async Task A_host_that_was_removed_without_ever_being_served_leaves_no_metrics()
    {
        _world.UseAcme();
        using var edge = await _world.StartAsync();
        await edge.RoundAsync();
        Assert.NotEmpty(await _world.SeriesOfAsync(Gateway));

        await ReconfigureAsync(edge, _world.Options with { Hosts = [Shop] });

        Assert.Empty(await _world.SeriesOfAsync(Gateway));
    }

    [Fact]
    public async Task A_host_that_was_removed_with_its_refused_file_leaves_no_metrics()
    {
        var gateway = _world.Issue(TimeSpan.Zero, TimeSpan.FromDays(90), "gateway.example.com").WriteTo(_world["gateway"]);
        var chat = _world.Issue(TimeSpan.Zero, TimeSpan.FromDays(90), "chat.example.com").WriteTo(_world["chat"]);
        _world.Options = _world.Options with { Certificates = new() { Source = CertificateSource.Files, Files = [gateway, chat] } };
        using var edge = await _world.StartAsync();
        await File.WriteAllTextAsync(chat.Certificate, "no certificate", TestContext.Current.CancellationToken);
        await edge.SettleAsync();
        Assert.Equal(1, await _world.MetricAsync("imgw_certificate_files_refused{host=\"chat.example.com\"}"));

        await ReconfigureAsync(edge, _world.Options with { Hosts = [Gateway], Certificates = _world.Options.Certificates with { Files = [gateway] } });

        Assert.Empty(await _world.SeriesOfAsync(Chat));
    }

    [Fact]
    public async Task A_refused_file_is_still_in_the_metrics_after_a_reload_that_was_refused_and_would_have_removed_its_host()
    {
        var gateway = _world.Issue(TimeSpan.Zero, TimeSpan.FromDays(90), "gateway.example.com").WriteTo(_world["gateway"]);
        var chat = _world.Issue(TimeSpan.Zero, TimeSpan.FromDays(90), "chat.example.com").WriteTo(_world["chat"]);
        var shop = _world.Issue(TimeSpan.Zero, TimeSpan.FromDays(90), "shop.example.com").WriteTo(_world["shop"]);
        _world.Options = _world.Options with { Certificates = new() { Source = CertificateSource.Files, Files = [gateway, chat] } };
        using var edge = await _world.StartAsync();
        await File.WriteAllTextAsync(chat.Certificate, "no certificate", TestContext.Current.CancellationToken);
        await edge.SettleAsync();
        _world.HandshakeFailure = host => host == Shop ? "no" : null;

        await Assert.ThrowsAsync<CertificateLoadException>(() => ReconfigureAsync(edge, _world.Options with
        {
            Hosts = [Gateway, Shop],
            Certificates = _world.Options.Certificates with { Files = [gateway, shop] },
        }));

        Assert.Equal(1, await _world.MetricAsync("imgw_certificate_files_refused{host=\"chat.example.com\"}"));
    }

    [Fact]
    public async Task A_reload_that_was_refused_leaves_the_metrics_of_its_hosts_as_they_were()
    {
        _world.UseSelfSigned();
        using var edge = await _world.StartAsync();
        var before = await _world.SeriesOfAsync(Chat);
        Assert.Contains(before, series => series.StartsWith("imgw_certificate_next_renewal_timestamp_seconds", StringComparison.Ordinal));
        _world.HandshakeFailure = host => host == Shop ? "no" : null;

        await Assert.ThrowsAsync<CertificateLoadException>(() => ReconfigureAsync(edge, _world.Options with { Hosts = [Gateway, Shop] }));

        Assert.Equal(before, await _world.SeriesOfAsync(Chat));
        Assert.Equal(1, await _world.MetricAsync("imgw_certificate_renewals_total{host=\"chat.example.com\",result=\"success\",reason=\"missing\"}"));
        Assert.Empty(await _world.SeriesOfAsync(Shop));
    }

    static Task ReconfigureAsync(CertificateWorld.Edge edge, EdgeOptions next) => edge.Services.GetRequiredService<CertificateReconfiguration>().ApplyAsync(next, TestContext.Current.CancellationToken);
}
