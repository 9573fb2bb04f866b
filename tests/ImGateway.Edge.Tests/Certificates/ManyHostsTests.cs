using System.Security.Cryptography;
using System.Text.Json.Nodes;
using ImGateway.Edge.Certificates.Files;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls.SslStream;
using ImGateway.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace ImGateway.Edge.Tests.Certificates;

/// <summary>What grows with the number of hosts, counted and not timed (issue 18, item 6).</summary>
public sealed class ManyHostsTests : IDisposable
{
    readonly CertificateWorld _world = new();

    List<IssuedCertificate> _issued = [];

    public void Dispose() => _world.Dispose();

    [Theory]
    [InlineData(CertificateSource.Files)]
    [InlineData(CertificateSource.SelfSigned)]
    [InlineData(CertificateSource.Acme)]
    public async Task A_host_has_at_most_8_series_until_something_has_happened_to_it(CertificateSource source)
    {
        using var ca = source is CertificateSource.Acme ? _world.UseSimulatedCa() : null;
        if (source is CertificateSource.Files) _world.WriteFile();
        else if (source is CertificateSource.SelfSigned) _world.UseSelfSigned();
        else _world.UseAcme();
        using (var first = await _world.StartAsync()) await first.RoundAsync();
        // A start with the certificate stored: nothing has happened to the host in this process.
        _world.ForgetMetrics();

        using var edge = await _world.StartAsync();
        await edge.RoundAsync();

        Assert.NotNull(edge.Served.GetValueOrDefault(CertificateWorld.Gateway));
        var series = await _world.SeriesOfAsync(CertificateWorld.Gateway);
        Assert.True(series.Count <= 8, string.Join('\n', series));
        Assert.Contains("imgw_certificate_swaps_total{host=\"gateway.example.com\"}", series);
    }

    [Fact]
    public async Task A_restart_tests_one_stored_certificate_of_each_kind_and_the_others_only_if_that_one_fails()
    {
        _world.UseSelfSigned();
        _world.Options = _world.Options with { Hosts = [.. Enumerable.Range(0, 20).Select(n => HostName.Parse($"n{n}.example.com"))] };
        (await _world.StartAsync()).Dispose();
        List<HostName> tested = [];
        string? failure = null;
        _world.HandshakeFailure = host =>
        {
            tested.Add(host);
            return failure;
        };

        (await _world.StartAsync()).Dispose();
        Assert.Single(tested);

        tested.Clear();
        failure = "no";
        (await _world.StartAsync()).Dispose();
        Assert.Equal(_world.Options.Hosts, tested);
    }

    [Fact]
    public async Task A_restart_prepares_the_TLS_context_of_one_host_of_each_kind_and_a_rotation_of_ticket_keys_none()
    {
        _world.UseSelfSigned();
        _world.Options = _world.Options with { Hosts = [.. Enumerable.Range(0, 20).Select(n => HostName.Parse($"n{n}.example.com"))] };
        (await _world.StartAsync()).Dispose();

        using var edge = await _world.StartAsync();
        Assert.Equal(1, Prepared());
        edge.Selector.RotateTicketKeys();
        Assert.Equal(0, Prepared());

        int Prepared() => _world.Options.Hosts.Count(host => Assert.IsType<SslStreamContext>(edge.Selector.ContextOf(host)).IsPrepared);
    }

    [Fact]
    public async Task Certificate_files_that_have_changed_together_are_published_once()
    {
        var hosts = WriteFiles(50);
        using var edge = await _world.StartAsync();
        WriteFiles(50);
        var tables = ObserveTables(edge);

        await edge.SettleAsync();

        Assert.Single(tables);
        Assert.Equal(_issued.Select(issued => issued.SerialNumber), hosts.Select(host => edge.Serial(host)));
    }

    [Fact]
    public async Task One_bad_file_of_many_that_have_changed_together_is_found_by_halves_and_the_others_are_served()
    {
        var hosts = WriteFiles(50);
        using var edge = await _world.StartAsync();
        var before = edge.Serial(hosts[17]);
        WriteFiles(50);
        var tables = ObserveTables(edge, host => host == hosts[17] ? "no" : null);

        await edge.SettleAsync();

        Assert.Equal(before, edge.Serial(hosts[17]));
        Assert.All(hosts.Index().Where(host => host.Index != 17), host => Assert.Equal(_issued[host.Index].SerialNumber, edge.Serial(host.Item)));
        // Two for each of 6 halvings; the file is then tried again until it is final.
        Assert.InRange(tables.Count, 2, 15);
        Assert.Equal(_world["files", "n17.crt"], Assert.Single(edge.Overview.RefusedFiles).File);
    }

    [Fact]
    public async Task One_bad_file_of_many_at_the_first_start_is_found_by_halves_and_the_others_are_served()
    {
        var hosts = WriteFiles(50);
        List<HostName> tested = [];
        _world.HandshakeFailure = host =>
        {
            tested.Add(host);
            return host == hosts[17] ? "no" : null;
        };

        using var edge = await _world.StartAsync();

        Assert.Equal(hosts.Where(host => host != hosts[17]), hosts.Where(edge.Served.ContainsKey));
        Assert.InRange(tested.Count(host => host == hosts[17]), 1, 7);
        Assert.Equal(_world["files", "n17.crt"], Assert.Single(edge.Overview.RefusedFiles).File);
    }

    [Fact]
    public async Task A_restart_parses_a_certificate_that_is_both_in_a_file_and_in_the_store_once()
    {
        var hosts = WriteFiles(3);
        (await _world.StartAsync()).Dispose();
        // As another program would write it: not what the edge would store for the file.
        await File.AppendAllTextAsync(_world.Stored(hosts[1], "current.pem"), "\n", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(_world.Stored(hosts[2], "current.pem"), "damaged", TestContext.Current.CancellationToken);

        using var edge = await _world.StartAsync();

        var fromFiles = edge.Services.GetRequiredService<Reloadable<FilesSource>>().Value.Choose();
        Assert.Same(fromFiles[hosts[0]].Credential, edge.Served[hosts[0]]);
        Assert.NotSame(fromFiles[hosts[1]].Credential, edge.Served[hosts[1]]);
        Assert.Equal(_issued.Select(issued => issued.SerialNumber), hosts.Select(host => edge.Serial(host)));
        Assert.Contains("BEGIN CERTIFICATE", await File.ReadAllTextAsync(_world.Stored(hosts[2], "current.pem"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_restart_refuses_an_expired_certificate_that_is_both_in_a_file_and_in_the_store()
    {
        var issued = _world.WriteFile(_world.Issue(TimeSpan.FromDays(1), TimeSpan.FromDays(1)));
        (await _world.StartAsync()).Dispose();
        _world.Time.Advance(TimeSpan.FromDays(2));

        using var edge = await _world.StartAsync();

        Assert.Equal(issued.SerialNumber, edge.Serial());
        Assert.Contains("expired", Assert.Single(edge.Overview.RefusedFiles).Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_audit_entry_of_a_certificate_from_a_file_names_that_file_alone()
    {
        var hosts = WriteFiles(5);

        using var edge = await _world.StartAsync();

        var entries = (await File.ReadAllLinesAsync(_world.Data("audit.jsonl"), TestContext.Current.CancellationToken)).Select(line => JsonNode.Parse(line)!).ToList();
        Assert.Equal(hosts.Select((host, n) => (host.Value, _world["files", $"n{n}.crt"])), entries.Select(entry => ((string)entry["host"]!, (string)entry["who"]!)));
    }

    [Fact]
    public void Certificates_of_one_kind_have_the_same_kind_of_key_signature_and_issuer()
    {
        using var other = TestCa.Create("Another Root");
        var (one, same) = (_world.Issue().ToCredential("gateway.example.com"), _world.Issue().ToCredential("gateway.example.com"));
        using var rsa = RSA.Create(2048);
        using var longer = RSA.Create(3072);
        using var curve = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        string[] kinds =
        [
            one.Kind,
            other.Issue("gateway.example.com").ToCredential("gateway.example.com").Kind,
            .. new AsymmetricAlgorithm[] { rsa, longer, curve }.Select(key => _world.Issue(TimeSpan.Zero, TimeSpan.FromDays(1), "gateway.example.com", key).ToCredential("gateway.example.com").Kind),
        ];

        Assert.Equal(one.Kind, same.Kind);
        Assert.Equal(5, kinds.Distinct().Count());
    }

    [Fact]
    public async Task The_source_of_a_certificate_that_replaces_one_of_another_source_is_the_only_one_on_the_page()
    {
        _world.UseSelfSigned();
        using var edge = await _world.StartAsync();

        await edge.ImportAsync(_world.Issue());

        Assert.Equal("ssl_certificate_expiry_seconds{host=\"gateway.example.com\",source=\"import\"}",
            Assert.Single(await _world.SeriesOfAsync(CertificateWorld.Gateway), series => series.StartsWith("ssl_certificate_expiry_seconds", StringComparison.Ordinal)));
    }

    /// <summary>A certificate file for each host. Called again, it replaces them.</summary>
    IReadOnlyList<HostName> WriteFiles(int count)
    {
        List<HostName> hosts = [.. Enumerable.Range(0, count).Select(n => HostName.Parse($"n{n}.example.com"))];
        _issued = [.. hosts.Select(host => _world.Issue(host.Value))];
        List<CertificateFile> files = [.. _issued.Select((issued, n) => issued.WriteTo(_world["files"], $"n{n}"))];
        _world.Options = _world.Options with { Hosts = hosts, Certificates = new() { Source = CertificateSource.Files, Files = files } };
        return hosts;
    }

    /// <summary>The published tables that test handshakes meet.</summary>
    HashSet<object> ObserveTables(CertificateWorld.Edge edge, Func<HostName, string?>? failure = null)
    {
        HashSet<object> tables = new(ReferenceEqualityComparer.Instance);
        _world.HandshakeFailure = host =>
        {
            tables.Add(edge.Served);
            return failure?.Invoke(host);
        };
        return tables;
    }
}
