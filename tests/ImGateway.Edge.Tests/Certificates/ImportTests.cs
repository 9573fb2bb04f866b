using ImGateway.Edge.Certificates.Renewal;
using Microsoft.Extensions.Logging;
using static ImGateway.Edge.Tests.Certificates.CertificateWorld;

namespace ImGateway.Edge.Tests.Certificates;

public sealed class ImportTests : IDisposable
{
    readonly CertificateWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public async Task Import_is_served_for_every_host_it_covers_and_remembers_what_it_replaced()
    {
        using var file = _world.WriteFile();
        using var edge = await _world.StartAsync();
        using var imported = _world.Issue("*.example.com");
        var result = await edge.ImportAsync(imported);
        Assert.Empty(result.Problems);
        Assert.Equal([Gateway, Chat], result.Installed.Select(installed => installed.Host));
        Assert.All(result.Installed, installed => Assert.Equal((file.SerialNumber, imported.SerialNumber), (installed.OldSerialNumber, installed.NewSerialNumber)));
        Assert.Equal((imported.SerialNumber, imported.SerialNumber), (edge.Serial(Gateway), edge.Serial(Chat)));
        var certificate = edge.Certificate();
        Assert.Equal(("import", "uid 1000", _world.Time.GetUtcNow()), (certificate.Source, certificate.Origin, certificate.InstalledAt));
        Assert.Equal(file.SerialNumber, certificate.Previous!.SerialNumber);
        Assert.Equal(1, await _world.MetricAsync("imgw_certificate_renewals_total{host=\"gateway.example.com\",result=\"success\",reason=\"manual\"}"));
    }

    [Fact]
    public async Task Import_of_one_host_leaves_the_other_alone()
    {
        using var file = _world.WriteFile();
        using var edge = await _world.StartAsync();
        using var imported = _world.Issue("chat.example.com");
        Assert.Equal([Chat], (await edge.ImportAsync(imported)).Installed.Select(installed => installed.Host));
        Assert.Equal((file.SerialNumber, imported.SerialNumber), (edge.Serial(Gateway), edge.Serial(Chat)));
    }

    [Fact]
    public async Task Import_stands_over_a_restart_until_the_file_changes()
    {
        using var file = _world.WriteFile();
        using var imported = _world.Issue();
        using (var first = await _world.StartAsync()) await first.ImportAsync(imported);

        using (var second = await _world.StartAsync())
        {
            Assert.Equal(imported.SerialNumber, second.Serial());
            Assert.Equal(("import", "uid 1000"), (second.Certificate().Source, second.Certificate().Origin));
            await second.SettleAsync();
            Assert.Equal(imported.SerialNumber, second.Serial());
            using var changed = _world.WriteFile();
            await second.SettleAsync();
            Assert.Equal(changed.SerialNumber, second.Serial());
            Assert.Equal(imported.SerialNumber, second.Certificate().Previous!.SerialNumber);
            await second.ImportAsync(imported);
        }

        using var whileDown = _world.WriteFile();
        using var third = await _world.StartAsync();
        Assert.Equal(whileDown.SerialNumber, third.Serial());
        Assert.Equal("files", third.Certificate().Source);
    }

    [Fact]
    public async Task Import_that_has_expired_gives_way_to_the_file_at_start()
    {
        using var file = _world.WriteFile();
        using var imported = _world.Issue(age: TimeSpan.FromDays(1), left: TimeSpan.FromDays(1));
        using (var first = await _world.StartAsync()) await first.ImportAsync(imported);
        _world.Time.Advance(TimeSpan.FromDays(2));
        using var second = await _world.StartAsync();
        Assert.Equal(file.SerialNumber, second.Serial());
    }

    public static TheoryData<string, string> Bad => new()
    {
        { "key", "key: the key does not belong" },
        { "expired", "certificate: the certificate expired" },
        { "other host", "covers none of the configured hosts" },
        { "chain", "is missing" },
        { "garbage", "certificate: holds no certificate" },
    };

    [Theory]
    [MemberData(nameof(Bad))]
    public async Task Bad_import_is_refused_with_one_line_and_changes_nothing(string what, string expected)
    {
        using var file = _world.WriteFile();
        using var edge = await _world.StartAsync();
        using var sound = _world.Issue();
        using var bad = what switch
        {
            "expired" => _world.Issue(age: TimeSpan.FromDays(9), left: TimeSpan.FromDays(-1)),
            "other host" => _world.Issue("other.example.net"),
            _ => _world.Issue(),
        };
        var before = Tree();
        var certificate = what switch { "garbage" => "garbage", "chain" => bad.LeafPem, _ => bad.ChainPem };
        var key = what == "key" ? sound.KeyPem : bad.KeyPem;
        var result = await edge.Installs.ImportAsync(certificate, key, chainPem: null, password: null, "uid 1000", CancellationToken.None);
        Assert.Contains(expected, Assert.Single(result.Problems));
        Assert.Empty(result.Installed);
        Assert.Equal(before, Tree());
        Assert.Equal(file.SerialNumber, edge.Serial());
        Assert.Single(_world.Log.Lines, line => line.Level == LogLevel.Warning && line.Text.Contains("import by uid 1000 refused"));
    }

    [Fact]
    public async Task Encrypted_key_and_separate_chain_are_imported()
    {
        _world.UseSelfSigned();
        using var edge = await _world.StartAsync();
        using var imported = _world.Issue();
        var result = await edge.Installs.ImportAsync(
            imported.LeafPem, imported.EncryptedKeyPem("sesame"), imported.IssuersPem, "sesame", "uid 1000", CancellationToken.None);
        Assert.Empty(result.Problems);
        Assert.Equal(imported.SerialNumber, edge.Serial());
    }

    [Fact]
    public async Task Failed_probe_leaves_the_store_untouched_for_all_hosts()
    {
        using var file = _world.WriteFile();
        using var edge = await _world.StartAsync();
        using var first = _world.Issue();
        await edge.ImportAsync(first);
        var before = Tree();
        _world.HandshakeFailure = host => host == Chat ? "shown another chain" : null;
        using var second = _world.Issue();
        var result = await edge.ImportAsync(second);
        Assert.Contains("shown another chain", Assert.Single(result.Problems));
        Assert.Equal((first.SerialNumber, first.SerialNumber), (edge.Serial(Gateway), edge.Serial(Chat)));
        Assert.Equal(file.SerialNumber, edge.Certificate().Previous!.SerialNumber);
        Assert.Equal(before, Tree());
    }

    [Fact]
    public async Task Import_given_up_during_the_probe_leaves_everything_as_it_was()
    {
        using var file = _world.WriteFile();
        using var edge = await _world.StartAsync();
        var before = Tree();
        using var cancel = new CancellationTokenSource();
        _world.HandshakeFailure = _ =>
        {
            cancel.Cancel();
            throw new OperationCanceledException(cancel.Token);
        };
        using var imported = _world.Issue();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => edge.Installs.ImportAsync(imported.ChainPem, imported.KeyPem, chainPem: null, password: null, "uid 1000", cancel.Token));
        Assert.Equal(file.SerialNumber, edge.Serial());
        Assert.Equal(before, Tree());
    }

    [Fact]
    public async Task Store_that_cannot_be_written_leaves_what_is_served()
    {
        using var file = _world.WriteFile();
        using var edge = await _world.StartAsync();
        // A folder where the staged bundle belongs fails for every user, root too.
        Directory.CreateDirectory(_world.Stored(Chat, ".next.current.pem"));
        using var imported = _world.Issue();
        var result = await edge.ImportAsync(imported);
        Assert.Contains("cannot be saved", Assert.Single(result.Problems));
        Assert.Equal((file.SerialNumber, file.SerialNumber), (edge.Serial(Gateway), edge.Serial(Chat)));
        Assert.False(File.Exists(_world.Stored(Gateway, "previous.pem")));
    }

    [Fact]
    public async Task Same_certificate_again_replaces_nothing()
    {
        using var file = _world.WriteFile();
        using var edge = await _world.StartAsync();
        using var imported = _world.Issue();
        await edge.ImportAsync(imported);
        var result = await edge.ImportAsync(imported);
        Assert.True(result.Succeeded);
        Assert.All(result.Installed, installed => Assert.Equal(installed.OldSerialNumber, installed.NewSerialNumber));
        Assert.Equal(file.SerialNumber, edge.Certificate().Previous!.SerialNumber);
        Assert.Equal(1, await _world.MetricAsync("imgw_certificate_swaps_total{host=\"gateway.example.com\"}"));
    }

    [Fact]
    public async Task Rollback_brings_the_previous_one_back_and_a_second_the_first()
    {
        using var file = _world.WriteFile();
        using var edge = await _world.StartAsync();
        using var imported = _world.Issue();
        await edge.ImportAsync(imported);
        var result = await edge.RollbackAsync();
        Assert.Equal((Gateway, imported.SerialNumber, file.SerialNumber), result.Installed.Select(installed => (installed.Host, installed.OldSerialNumber!, installed.NewSerialNumber)).Single());
        Assert.Equal((file.SerialNumber, imported.SerialNumber), (edge.Serial(Gateway), edge.Serial(Chat)));
        Assert.Equal(("files", _world.Options.Certificates.Files[0].Certificate), (edge.Certificate().Source, edge.Certificate().Origin));
        Assert.True((await edge.RollbackAsync()).Succeeded);
        Assert.Equal(imported.SerialNumber, edge.Serial());
        Assert.Equal(("import", "uid 1000"), (edge.Certificate().Source, edge.Certificate().Origin));
        Assert.Equal(file.SerialNumber, edge.Certificate().Previous!.SerialNumber);
    }

    [Fact]
    public async Task Rollback_stands_over_a_restart()
    {
        using var file = _world.WriteFile();
        using var next = _world.Issue();
        using (var first = await _world.StartAsync())
        {
            next.WriteTo(_world["files"]);
            await first.SettleAsync();
            Assert.Equal(next.SerialNumber, first.Serial());
            await first.RollbackAsync();
            await first.SettleAsync();
            Assert.Equal(file.SerialNumber, first.Serial());
        }

        using var second = await _world.StartAsync();
        await second.SettleAsync();
        Assert.Equal((file.SerialNumber, next.SerialNumber), (second.Serial(Gateway), second.Serial(Chat)));
    }

    [Fact]
    public async Task Rollback_to_nothing_to_the_expired_and_of_the_unknown_is_refused()
    {
        using var file = _world.WriteFile();
        using var edge = await _world.StartAsync();
        Assert.Contains("no previous certificate", Assert.Single((await edge.RollbackAsync()).Problems));
        Assert.Contains("none of the configured hosts", Assert.Single((await edge.RollbackAsync("../other")).Problems));
        using var old = _world.Issue(age: TimeSpan.FromDays(2), left: TimeSpan.FromDays(1));
        await edge.ImportAsync(old);
        using var young = _world.Issue();
        await edge.ImportAsync(young);
        _world.Time.Advance(TimeSpan.FromDays(2));
        Assert.Contains("expired", Assert.Single((await edge.RollbackAsync()).Problems));
        Assert.Equal(young.SerialNumber, edge.Serial());
    }

    [Fact]
    public async Task Certificates_say_what_comes_next()
    {
        using var file = _world.WriteFile();
        using (var edge = await _world.StartAsync())
        {
            // Its life of 90 days ends where MaxAge does.
            Assert.Equal(new NextAction("rotate", edge.Certificate().Credential.NotAfter, "expiry"), edge.Certificate().Next);
            using var longLived = _world.Issue(age: TimeSpan.Zero, left: TimeSpan.FromDays(300));
            await edge.ImportAsync(longLived);
            var next = edge.Certificate().Next;
            Assert.Equal(new NextAction("rotate", edge.Certificate().Credential.NotBefore + TimeSpan.FromDays(90), "MaxAge"), next);
            Assert.StartsWith("rotate by 20", next.ToString());
            _world.Time.Advance(TimeSpan.FromDays(301));
            Assert.Equal("none: expired", edge.Certificate().Next.ToString());
        }

        _world.UseSelfSigned();
        Directory.Delete(_world.Data(), recursive: true);
        using var development = await _world.StartAsync();
        Assert.Equal(("renew", "self-signed"), (development.Certificate().Next.Action, development.Certificate().Next.Why));
    }

    /// <summary>Names and contents of everything stored.</summary>
    SortedDictionary<string, string> Tree() => new(
        Directory.EnumerateFiles(_world.Data("certificates"), "*", SearchOption.AllDirectories).ToDictionary(file => file, File.ReadAllText),
        StringComparer.Ordinal);
}
