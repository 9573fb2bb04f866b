using ImGateway.Edge.Certificates;
using ImGateway.Edge.Certificates.Files;
using ImGateway.Edge.Certificates.Renewal;
using ImGateway.Edge.Certificates.Store;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;
using ImGateway.Edge.Tls;
using ImGateway.Edge.Tls.SslStream;
using ImGateway.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Prometheus;

namespace ImGateway.Edge.Tests.Certificates;

public sealed class CertificateManagerTests : IDisposable
{
    static readonly HostName Gateway = HostName.Parse("gateway.example.com");
    static readonly HostName Chat = HostName.Parse("chat.example.com");

    readonly TemporaryDirectory _folder = new();
    readonly TestCa _root = TestCa.Create("Manager Root");
    readonly TestCa _intermediate;
    readonly FakeTimeProvider _time = new(TimeProvider.System.GetUtcNow());
    readonly LogCollector<CertificateManager> _log = new();
    readonly CollectorRegistry _registry = Prometheus.Metrics.NewCustomRegistry();
    readonly List<IHost> _hosts = [];
    readonly List<HostName> _probed = [];
    Func<HostName, Credential, string?> _probe = (_, _) => null;
    ServerCertificateSelector _selector = null!;

    public CertificateManagerTests() => _intermediate = _root.CreateIntermediate("Manager Intermediate");

    static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        foreach (var host in _hosts) host.Dispose();
        _intermediate.Dispose();
        _root.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Load_gives_each_host_its_credential()
    {
        using var gateway = _intermediate.Issue("gateway.example.com");
        using var chat = _intermediate.Issue("chat.example.com");
        await LoadAsync([Gateway, Chat], gateway.WriteTo(_folder.Path, "gateway"), chat.WriteTo(_folder.Path, "chat"));
        AssertServed(Gateway, gateway);
        AssertServed(Chat, chat);
        Assert.Equal(
            gateway.Leaf.NotAfter.ToUniversalTime(),
            DateTimeOffset.FromUnixTimeSeconds((long)await MetricAsync("ssl_certificate_expiry_seconds{host=\"gateway.example.com\",source=\"files\"}")).UtcDateTime);
    }

    [Fact]
    public async Task Exact_name_wins_over_a_newer_wildcard_and_the_newest_of_equals()
    {
        using var exact = _intermediate.Issue(["gateway.example.com"], notBefore: _time.GetUtcNow().AddDays(-10));
        using var wildcard = _intermediate.Issue(["*.example.com"], notBefore: _time.GetUtcNow().AddDays(-2));
        using var older = _intermediate.Issue(["*.example.com"], notBefore: _time.GetUtcNow().AddDays(-3));
        await LoadAsync(
            [Gateway, Chat], wildcard.WriteTo(_folder.Path, "w"), exact.WriteTo(_folder.Path, "e"), older.WriteTo(_folder.Path, "o"));
        AssertServed(Gateway, exact);
        AssertServed(Chat, wildcard);
    }

    [Fact]
    public async Task Load_names_all_problems_where_no_host_could_be_served()
    {
        using var gateway = _intermediate.Issue(new PkiLeaf { Hosts = ["gateway.example.com"], IsCa = true, NotAfter = _time.GetUtcNow().AddDays(-1) });
        var missing = new CertificateFile { Certificate = _folder["missing.crt"], Key = _folder["missing.key"] };
        var thrown = await Assert.ThrowsAsync<CertificateLoadException>(() => LoadAsync([Gateway], gateway.WriteTo(_folder.Path), missing));
        Assert.Collection(
            thrown.Lines,
            line => Assert.Contains("expired", line),
            line => Assert.Contains("is the certificate of a CA", line),
            line => Assert.Contains("missing.crt: does not exist", line),
            line => Assert.Contains("missing.key: does not exist", line));
        Assert.Empty(_selector.Served);
    }

    [Fact]
    public async Task Load_serves_the_hosts_that_are_covered_and_names_those_that_are_not()
    {
        using var sound = _intermediate.Issue("gateway.example.com");
        await LoadAsync([Gateway, Chat], sound.WriteTo(_folder.Path));
        AssertServed(Gateway, sound);
        Assert.Contains(_log.Lines, line => line.Level == LogLevel.Error && line.Text.StartsWith("Edge:Hosts: chat.example.com has no certificate", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Changed_file_is_swapped_in_and_proved()
    {
        using var first = _intermediate.Issue("gateway.example.com");
        using var second = _intermediate.Issue("gateway.example.com");
        var manager = await LoadAsync([Gateway], first.WriteTo(_folder.Path));
        second.WriteTo(_folder.Path);
        await SettleAsync(manager);
        AssertServed(Gateway, second);
        Assert.Equal([Gateway], _probed);
        Assert.Equal(
            $"gateway.example.com: certificate {first.SerialNumber} replaced by {second.SerialNumber}, valid until {second.Leaf.NotAfter.ToUniversalTime():u}, from {_folder["server.crt"]}",
            Assert.Single(_log.Lines, line => line.Text.Contains("replaced")).Text);
        Assert.Equal(1, await MetricAsync("imgw_certificate_swaps_total{host=\"gateway.example.com\"}"));
        Assert.Equal(1, await MetricAsync("imgw_certificate_renewals_total{host=\"gateway.example.com\",result=\"success\",reason=\"file\"}"));
    }

    [Fact]
    public async Task Certificate_and_key_written_one_after_the_other_are_no_failure()
    {
        using var first = _intermediate.Issue("gateway.example.com");
        using var second = _intermediate.Issue("gateway.example.com");
        var file = first.WriteTo(_folder.Path);
        var manager = await LoadAsync([Gateway], file);
        File.WriteAllText(file.Certificate, second.ChainPem);
        await manager.RunDueAsync(Cancelled);
        await manager.RunDueAsync(Cancelled);
        AssertServed(Gateway, first);
        File.WriteAllText(file.Key!, second.KeyPem);
        await SettleAsync(manager);
        AssertServed(Gateway, second);
        Assert.DoesNotContain(_log.Lines, line => line.Level > LogLevel.Information);
    }

    [Fact]
    public async Task The_other_half_of_a_pair_is_waited_for_half_a_minute_and_no_longer()
    {
        using var first = _intermediate.Issue("gateway.example.com");
        using var second = _intermediate.Issue("gateway.example.com");
        var file = first.WriteTo(_folder.Path);
        var manager = await LoadAsync([Gateway], file);
        File.WriteAllText(file.Certificate, second.ChainPem);
        for (var seconds = 0; seconds < 29; seconds++)
        {
            await manager.RunDueAsync(Cancelled);
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.DoesNotContain(_log.Lines, line => line.Level > LogLevel.Information);
        Assert.Equal(0, await MetricAsync("imgw_certificate_load_failures_total{host=\"gateway.example.com\"}"));
        AssertServed(Gateway, first);
        await SettleAsync(manager);
        await AssertRefusedOnceAsync("does not belong");

        File.WriteAllText(file.Key!, second.KeyPem);
        await SettleAsync(manager);
        AssertServed(Gateway, second);
        Assert.Equal(0, await MetricAsync("imgw_certificate_files_refused{host=\"gateway.example.com\"}"));
    }

    [Fact]
    public async Task Failed_probe_puts_the_old_certificate_back()
    {
        using var first = _intermediate.Issue("gateway.example.com");
        using var second = _intermediate.Issue("gateway.example.com");
        var manager = await LoadAsync([Gateway], first.WriteTo(_folder.Path));
        var seen = "";
        _probe = (host, _) =>
        {
            seen = _selector.Served[host].SerialNumber;
            return "shown another chain";
        };
        second.WriteTo(_folder.Path);
        await SettleAsync(manager);
        Assert.Equal(second.SerialNumber, seen);
        AssertServed(Gateway, first);
        await AssertRefusedOnceAsync("shown another chain");
    }

    [Fact]
    public async Task Probe_that_throws_puts_the_old_certificate_back()
    {
        using var first = _intermediate.Issue("gateway.example.com");
        using var second = _intermediate.Issue("gateway.example.com");
        var manager = await LoadAsync([Gateway], first.WriteTo(_folder.Path));
        _probe = (_, _) => throw new InvalidOperationException("no engine");
        second.WriteTo(_folder.Path);
        await SettleAsync(manager);
        AssertServed(Gateway, first);
        await AssertRefusedOnceAsync("no engine");
    }

    public static TheoryData<string, string> Broken => new()
    {
        { "garbage", "holds no certificate" },
        { "empty", "is empty" },
        { "gone", "does not exist" },
        { "wrong key", "does not belong" },
        { "rsa 1024", "RSA key of 1024 bits" },
        { "expired", "expired" },
        { "other name", "covers none of the configured hosts" },
        { "no intermediate", "is missing" },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public async Task Broken_file_changes_nothing_that_is_served_and_is_named_once(string what, string expected)
    {
        using var first = _intermediate.Issue("gateway.example.com");
        var file = first.WriteTo(_folder.Path);
        var manager = await LoadAsync([Gateway], file);
        Break(what, file);
        await SettleAsync(manager);
        // For a half that may still be on its way.
        _time.Advance(TimeSpan.FromSeconds(30));
        await SettleAsync(manager);
        AssertServed(Gateway, first);
        Assert.Empty(_probed);
        await AssertRefusedOnceAsync(expected);

        using var repaired = _intermediate.Issue("gateway.example.com");
        repaired.WriteTo(_folder.Path);
        await SettleAsync(manager);
        AssertServed(Gateway, repaired);
    }

    [Fact]
    public async Task Certificate_that_lost_a_name_in_use_is_refused()
    {
        using var first = _intermediate.Issue("gateway.example.com", "chat.example.com");
        using var second = _intermediate.Issue("gateway.example.com");
        var manager = await LoadAsync([Gateway, Chat], first.WriteTo(_folder.Path));
        second.WriteTo(_folder.Path);
        await SettleAsync(manager);
        AssertServed(Gateway, first);
        AssertServed(Chat, first);
        await AssertRefusedOnceAsync("no longer covers chat.example.com");
    }

    [Fact]
    public async Task Rewriting_the_same_certificate_swaps_nothing()
    {
        using var first = _intermediate.Issue("gateway.example.com");
        var manager = await LoadAsync([Gateway], first.WriteTo(_folder.Path));
        File.AppendAllText(_folder["server.crt"], "\n# touched\n");
        var served = _selector.Served;
        await SettleAsync(manager);
        Assert.Same(served, _selector.Served);
        Assert.DoesNotContain(_log.Lines, line => line.Text.Contains("replaced"));
    }

    [Fact]
    public async Task Ticket_keys_are_made_anew_each_day()
    {
        using var first = _intermediate.Issue("gateway.example.com");
        var manager = await LoadAsync([Gateway], first.WriteTo(_folder.Path));
        var served = SealedWith();
        _time.Advance(TimeSpan.FromHours(23));
        await manager.RunDueAsync(Cancelled);
        Assert.Same(served, SealedWith());
        _time.Advance(TimeSpan.FromHours(1));
        await manager.RunDueAsync(Cancelled);
        Assert.NotSame(served, SealedWith());
        AssertServed(Gateway, first);

        // Ticket keys belong to an OpenSSL context, and that to the options.
        object SealedWith() => Assert.IsType<SslStreamContext>(_selector.ContextOf(Gateway)).Options;
    }

    [Fact]
    public async Task Old_certificates_are_warned_of_once_a_day()
    {
        using var first = _intermediate.Issue(["gateway.example.com"], notBefore: _time.GetUtcNow().AddDays(-91), notAfter: _time.GetUtcNow().AddDays(5));
        var manager = await LoadAsync([Gateway], first.WriteTo(_folder.Path));
        await manager.RunDueAsync(Cancelled);
        _time.Advance(TimeSpan.FromHours(2));
        await manager.RunDueAsync(Cancelled);
        Assert.Single(_log.Lines, line => line.Text.Contains("last tenth"));
        Assert.Single(_log.Lines, line => line.Text.Contains("91 days old"));
        _time.Advance(TimeSpan.FromDays(6));
        await manager.RunDueAsync(Cancelled);
        Assert.Single(_log.Lines, line => line.Text.Contains("expired at"));
        AssertServed(Gateway, first);
    }

    [Fact]
    public async Task Self_signed_certificates_are_issued_and_renewed()
    {
        var manager = await LoadSelfSignedAsync();
        var first = _selector.Served[Gateway];
        Assert.Equal(first.NotBefore + (first.NotAfter - first.NotBefore) * 0.65, Next());
        _time.Advance(TimeSpan.FromDays(58));
        await manager.RunDueAsync(Cancelled);
        Assert.Same(first, _selector.Served[Gateway]);
        _time.Advance(TimeSpan.FromDays(1));
        await manager.RunDueAsync(Cancelled);
        Assert.NotEqual(first.SerialNumber, _selector.Served[Gateway].SerialNumber);
        Assert.Contains(Gateway, _probed);
        Assert.Equal(1, await MetricAsync("imgw_certificate_renewals_total{host=\"gateway.example.com\",result=\"success\",reason=\"age\"}"));
        DateTimeOffset Next() => RenewalPolicy.Due(new Validity(first.NotBefore, first.NotAfter), RenewalState.For(null), new RenewalSettings(TimeSpan.FromDays(90))).At;
    }

    [Fact]
    public async Task Failed_renewal_keeps_the_old_certificate_and_is_tried_again()
    {
        var manager = await LoadSelfSignedAsync();
        var first = _selector.Served[Gateway];
        _probe = (_, _) => "broken";
        _time.Advance(TimeSpan.FromDays(60));
        await manager.RunDueAsync(Cancelled);
        Assert.Same(first, _selector.Served[Gateway]);
        Assert.Equal(1, await MetricAsync("imgw_certificate_renewals_total{host=\"gateway.example.com\",result=\"failure\",reason=\"age\"}"));
        _probe = (_, _) => null;
        await manager.RunDueAsync(Cancelled);
        Assert.Same(first, _selector.Served[Gateway]);
        _time.Advance(TimeSpan.FromMinutes(10));
        await manager.RunDueAsync(Cancelled);
        Assert.NotSame(first, _selector.Served[Gateway]);
    }

    [Fact]
    public async Task File_serves_its_hosts_whatever_the_source()
    {
        using var issued = _intermediate.Issue("chat.example.com");
        await LoadSelfSignedAsync(issued.WriteTo(_folder.Path));
        AssertServed(Chat, issued);
        Assert.Equal("CN=ImGateway Edge development certificate", _selector.Served[Gateway].Leaf.Subject);
    }

    [Fact]
    public async Task Running_manager_follows_real_files_until_it_is_stopped()
    {
        using var first = _intermediate.Issue("gateway.example.com");
        using var second = _intermediate.Issue("gateway.example.com");
        var manager = Create(Options([Gateway], first.WriteTo(_folder.Path)), TimeProvider.System);
        await manager.StartAsync(Cancelled);
        AssertServed(Gateway, first);
        second.WriteTo(_folder.Path);
        await _log.ContainingAsync($"replaced by {second.SerialNumber}", Cancelled);
        AssertServed(Gateway, second);
        await manager.StopAsync(Cancelled);
        Assert.True(manager.ExecuteTask!.IsCompleted);
        Assert.False(manager.ExecuteTask.IsFaulted);
    }

    void Break(string what, CertificateFile file)
    {
        using var weak = System.Security.Cryptography.RSA.Create(1024);
        var sound = new PkiLeaf { Hosts = ["gateway.example.com"] };
        using var next = what switch
        {
            "rsa 1024" => _intermediate.Issue(sound with { Key = weak }),
            "expired" => _intermediate.Issue(sound with { NotAfter = _time.GetUtcNow().AddDays(-1) }),
            "other name" => _intermediate.Issue("other.example.com"),
            _ => _intermediate.Issue(sound),
        };
        next.WriteTo(_folder.Path);
        if (what == "garbage") File.WriteAllText(file.Certificate, "garbage");
        if (what == "empty") File.WriteAllText(file.Certificate, "");
        if (what == "gone") File.Delete(file.Certificate);
        if (what == "wrong key") File.WriteAllText(file.Key!, _intermediate.Issue(sound).KeyPem);
        if (what == "no intermediate") File.WriteAllText(file.Certificate, next.LeafPem);
    }

    async Task AssertRefusedOnceAsync(string expected)
    {
        var line = Assert.Single(_log.Lines, line => line.Level >= LogLevel.Warning).Text;
        Assert.Contains(expected, line);
        Assert.Contains(_folder.Path, line);
        Assert.DoesNotContain('\n', line);
        Assert.Equal(1, await MetricAsync("imgw_certificate_load_failures_total{host=\"gateway.example.com\"}"));
        _log.Clear();
    }

    void AssertServed(HostName host, IssuedCertificate expected) => Assert.Equal(expected.SerialNumber, _selector.Served[host].SerialNumber);

    /// <summary>Long enough for a content to be seen, seen again, and count as final.</summary>
    async Task SettleAsync(CertificateManager manager)
    {
        for (var look = 0; look < 3; look++)
        {
            await manager.RunDueAsync(Cancelled);
            _time.Advance(FileWatcher.PollInterval);
        }
    }

    async Task<CertificateManager> LoadAsync(IReadOnlyList<HostName> hosts, params CertificateFile[] files)
    {
        var manager = Create(Options(hosts, files), _time);
        await manager.LoadAsync(Cancelled);
        _probed.Clear();
        return manager;
    }

    async Task<CertificateManager> LoadSelfSignedAsync(params CertificateFile[] files)
    {
        var manager = Create(
            Options([Gateway, Chat], files) with { Certificates = new() { Source = CertificateSource.SelfSigned, AllowSelfSigned = true, Files = files } }, _time);
        await manager.LoadAsync(Cancelled);
        _probed.Clear();
        return manager;
    }

    EdgeOptions Options(IReadOnlyList<HostName> hosts, params CertificateFile[] files) => new()
    {
        Hosts = hosts,
        DataDirectory = _folder["data"],
        Certificates = new() { Source = CertificateSource.Files, Files = files },
    };

    CertificateManager Create(EdgeOptions options, TimeProvider time)
    {
        var host = new CertificateGraph(options, time, _log, DiskOperationHook.Unobserved) { Registry = _registry, HandshakeTest = ProbeAsync }.Build();
        _hosts.Add(host);
        _selector = host.Services.GetRequiredService<ServerCertificateSelector>();
        return host.Services.GetRequiredService<CertificateManager>();
    }

    Task<string?> ProbeAsync(HostName host, Credential credential, CancellationToken cancellationToken)
    {
        _probed.Add(host);
        return Task.FromResult(_probe(host, credential));
    }

    async Task<double> MetricAsync(string series)
    {
        using var page = new MemoryStream();
        await _registry.CollectAndExportAsTextAsync(page);
        var text = System.Text.Encoding.UTF8.GetString(page.ToArray());
        var line = text.Split('\n').SingleOrDefault(line => line.StartsWith(series + " ", StringComparison.Ordinal));
        return line is null ? 0 : double.Parse(line[(series.Length + 1)..]);
    }
}
