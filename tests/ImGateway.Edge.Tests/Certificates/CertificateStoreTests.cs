using System.Runtime.Versioning;
using ImGateway.Edge.Certificates.Installation;
using ImGateway.Edge.Certificates.Store;
using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls.SslStream;
using ImGateway.Testing;
using Microsoft.Extensions.Logging;
using static ImGateway.Edge.Tests.Certificates.CertificateWorld;

namespace ImGateway.Edge.Tests.Certificates;

[UnsupportedOSPlatform("windows")]
public sealed class CertificateStoreTests : IDisposable
{
    const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    readonly CertificateWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public async Task Store_holds_key_and_chain_in_one_file_that_openssl_and_its_owner_alone_can_read()
    {
        using var file = _world.WriteFile();
        using var edge = await _world.StartAsync();
        var pem = File.ReadAllText(_world.Stored(Gateway, "current.pem"));
        Assert.Equal(1, Count(pem, "BEGIN PRIVATE KEY"));
        Assert.Equal(3, Count(pem, "BEGIN CERTIFICATE"));
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(_world.Stored(Gateway, "current.pem")));
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(_world.Stored(Gateway, "state.json")));
        foreach (var folder in new[] { _world.Data(), _world.Data("certificates"), _world.Data("certificates", "gateway.example.com") })
        {
            Assert.Equal(OwnerOnly | UnixFileMode.UserExecute, File.GetUnixFileMode(folder));
        }
    }

    [Fact]
    public async Task Wrong_modes_are_repaired_with_a_line()
    {
        using var file = _world.WriteFile();
        (await _world.StartAsync()).Dispose();
        File.SetUnixFileMode(_world.Stored(Gateway, "current.pem"), OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        File.SetUnixFileMode(_world.Data(), OwnerOnly | UnixFileMode.UserExecute | UnixFileMode.OtherExecute);
        using var edge = await _world.StartAsync();
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(_world.Stored(Gateway, "current.pem")));
        Assert.Equal(OwnerOnly | UnixFileMode.UserExecute, File.GetUnixFileMode(_world.Data()));
        Assert.Single(_world.Log.Lines, line => line.Text.Contains("current.pem: had mode 0644, now 0600"));
        Assert.Single(_world.Log.Lines, line => line.Text.Contains("data: had mode 0701, now 0700"));
    }

    [Fact]
    public async Task Keys_of_damaged_bundles_and_of_the_development_CA_are_made_private_too()
    {
        _world.UseSelfSigned();
        (await _world.StartAsync()).Dispose();
        string[] keys = [_world.Stored(Gateway, "damaged.pem"), _world.Data("development-ca", "ca.key")];
        await File.WriteAllTextAsync(keys[0], "a key", Cancelled);
        foreach (var key in keys) File.SetUnixFileMode(key, OwnerOnly | UnixFileMode.OtherRead);
        File.SetUnixFileMode(_world.Data("development-ca"), OwnerOnly | UnixFileMode.UserExecute | UnixFileMode.OtherExecute);

        using var edge = await _world.StartAsync();

        Assert.All(keys, key => Assert.Equal(OwnerOnly, File.GetUnixFileMode(key)));
        Assert.Equal(OwnerOnly | UnixFileMode.UserExecute, File.GetUnixFileMode(_world.Data("development-ca")));
    }

    [Fact]
    public async Task Keys_of_accounts_are_as_private_and_what_a_crash_left_of_one_is_removed()
    {
        var folder = _world.Data("accounts", "ca.example.com");
        Directory.CreateDirectory(folder, OwnerOnly | UnixFileMode.UserExecute);
        var (key, half) = (Path.Combine(folder, "account.pem"), Path.Combine(folder, $".account.pem.{Guid.NewGuid():N}"));
        await File.WriteAllTextAsync(key, "a key");
        await File.WriteAllTextAsync(half, "half a key");
        File.SetUnixFileMode(key, OwnerOnly | UnixFileMode.OtherRead);
        _world.UseSelfSigned();

        using var edge = await _world.StartAsync();

        Assert.Equal(OwnerOnly, File.GetUnixFileMode(key));
        Assert.Equal([key], Directory.GetFiles(folder));
    }

    static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Data_directory_that_cannot_be_made_is_one_line()
    {
        using var file = _world.WriteFile();
        File.WriteAllText(_world["file"], "");
        _world.Options = _world.Options with { DataDirectory = _world["file", "data"] };
        var thrown = await Assert.ThrowsAsync<CertificateLoadException>(_world.StartAsync);
        Assert.Contains("make DataDirectory readable and writable", Assert.Single(thrown.Lines));
    }

    [Theory]
    [InlineData("expired")]
    [InlineData("gone")]
    [InlineData("garbage")]
    public async Task Bad_file_at_start_is_no_reason_not_to_start_while_the_store_has_its_certificate(string what)
    {
        using var file = _world.WriteFile();
        (await _world.StartAsync()).Dispose();
        var path = _world.Options.Certificates.Files[0];
        using var expired = _world.Issue(age: TimeSpan.FromDays(9), left: TimeSpan.FromDays(-1));
        if (what == "expired") expired.WriteTo(_world["files"]);
        else if (what == "gone") File.Delete(path.Certificate);
        else File.WriteAllText(path.Certificate, "garbage");

        using (var edge = await _world.StartAsync())
        {
            Assert.Equal((file.SerialNumber, file.SerialNumber), (edge.Serial(Gateway), edge.Serial(Chat)));
            Assert.Contains(_world.Log.Lines, line => line.Level == LogLevel.Error && line.Text.Contains(path.Certificate) && line.Text.Contains("goes on with"));
            Assert.Equal(1, await _world.MetricAsync("imgw_certificate_load_failures_total{host=\"gateway.example.com\"}"));
            using var repaired = _world.WriteFile();
            await edge.SettleAsync();
            Assert.Equal(repaired.SerialNumber, edge.Serial());
        }

        if (what != "gone") return;
        Directory.Delete(_world.Data("certificates"), recursive: true);
        File.Delete(path.Certificate);
        Assert.Contains("does not exist", Assert.Single((await Assert.ThrowsAsync<CertificateLoadException>(_world.StartAsync)).Lines));
    }

    [Fact]
    public async Task An_edge_beside_the_one_that_writes_the_store_reports_a_refused_file_and_leaves_the_audit_log_alone()
    {
        using var file = _world.WriteFile();
        using var old = await _world.StartAsync();
        File.WriteAllText(_world.Options.Certificates.Files[0].Certificate, "garbage");
        using var young = await _world.StartAsync();
        Assert.Contains("holds no certificate", Assert.Single(young.Overview.RefusedFiles).Why);
        Assert.DoesNotContain("fileRefused", File.ReadAllText(_world.Data("audit.jsonl")));
    }

    [Fact]
    public async Task A_file_that_waits_for_its_time_is_not_news_each_time_it_is_looked_at()
    {
        using var sound = _world.WriteFile();
        using var edge = await _world.StartAsync();
        using var early = _world.WriteFile(_world.Issue(TimeSpan.FromDays(-3), TimeSpan.FromDays(90)));
        await edge.SettleAsync();
        // A line end more is another content with the same fault.
        for (var look = 0; look < 5; look++)
        {
            File.AppendAllText(_world.Options.Certificates.Files[0].Certificate, "\n");
            await edge.SettleAsync();
        }

        Assert.Contains("is not valid before", Assert.Single(edge.Overview.RefusedFiles).Why);
        // Twice where midnight has passed: the line names the day.
        Assert.InRange(_world.Log.Lines.Count(line => line.Text.Contains("is not put to use", StringComparison.Ordinal)), 1, 2);
    }

    [Fact]
    public async Task File_that_does_not_prove_itself_at_start_leaves_the_stored_certificate()
    {
        using var file = _world.WriteFile();
        (await _world.StartAsync()).Dispose();
        using var next = _world.WriteFile();
        _world.HandshakeFailure = _ => "shown another chain";
        using var edge = await _world.StartAsync();
        Assert.Equal(file.SerialNumber, edge.Serial());
        Assert.Contains(_world.Log.Lines, line => line.Level == LogLevel.Error && line.Text.Contains("shown another chain"));
    }

    [Fact]
    public async Task First_certificate_that_does_not_prove_itself_keeps_the_edge_from_starting()
    {
        using var file = _world.WriteFile();
        _world.HandshakeFailure = _ => "shown another chain";
        Assert.Contains("shown another chain", Assert.Single((await Assert.ThrowsAsync<CertificateLoadException>(_world.StartAsync)).Lines));
        Assert.False(File.Exists(_world.Stored(Gateway, "current.pem")));
    }

    [Fact]
    public async Task Damaged_bundle_gives_way_to_the_previous_one_and_is_kept_for_inspection()
    {
        _world.UseSelfSigned();
        using var first = _world.Issue();
        using var second = _world.Issue();
        using (var edge = await _world.StartAsync())
        {
            await edge.ImportAsync(first);
            await edge.ImportAsync(second);
        }

        File.WriteAllText(_world.Stored(Gateway, "current.pem"), "half a f");
        using var after = await _world.StartAsync();
        Assert.Equal((first.SerialNumber, second.SerialNumber), (after.Serial(Gateway), after.Serial(Chat)));
        Assert.Single(_world.Log.Lines, line => line.Level == LogLevel.Error && line.Text.Contains("current.pem") && line.Text.Contains(first.SerialNumber));
        Assert.Equal("half a f", File.ReadAllText(_world.Stored(Gateway, "damaged.pem")));

        using var third = _world.Issue();
        await after.ImportAsync(third);
        await after.RollbackAsync();
        Assert.Equal(first.SerialNumber, after.Serial());
    }

    [Fact]
    public async Task Store_damaged_beyond_use_counts_as_none()
    {
        using var file = _world.WriteFile();
        (await _world.StartAsync()).Dispose();
        File.WriteAllText(_world.Stored(Gateway, "current.pem"), "");
        File.WriteAllText(_world.Stored(Gateway, "state.json"), "{");
        using var edge = await _world.StartAsync();
        Assert.Equal(file.SerialNumber, edge.Serial());
    }

    [Fact]
    public async Task Self_signed_certificate_is_kept_over_restarts_until_it_is_due()
    {
        _world.UseSelfSigned();
        string first;
        using (var edge = await _world.StartAsync()) first = edge.Serial();
        _world.Time.Advance(TimeSpan.FromDays(50));
        using (var edge = await _world.StartAsync())
        {
            await edge.SettleAsync();
            Assert.Equal(first, edge.Serial());
        }

        _world.Time.Advance(TimeSpan.FromDays(10));
        using (var edge = await _world.StartAsync())
        {
            await edge.SettleAsync();
            Assert.NotEqual(first, edge.Serial());
            Assert.Equal(first, edge.Certificate().Previous!.SerialNumber);
            await edge.RollbackAsync();
            await edge.SettleAsync();
            Assert.Equal(first, edge.Serial());
        }
    }

    [Fact]
    public async Task Self_signed_certificate_of_a_deleted_development_ca_is_issued_anew()
    {
        _world.UseSelfSigned();
        string first;
        using (var edge = await _world.StartAsync()) first = edge.Serial();
        Directory.Delete(_world.Data("development-ca"), recursive: true);
        using var second = await _world.StartAsync();
        Assert.NotEqual(first, second.Serial());
    }

    [Fact]
    public async Task Every_state_that_a_crash_could_leave_loads_as_the_old_or_the_new_certificate()
    {
        _world.UseSelfSigned();
        using var first = _world.Issue();
        using var second = _world.Issue();
        using var third = _world.Issue();
        List<string> copies = [];
        using (var edge = await _world.StartAsync())
        {
            await edge.ImportAsync(first);
            await edge.ImportAsync(second);
            await WatchAsync(() => edge.ImportAsync(third));
            await WatchAsync(() => edge.RollbackAsync());
        }

        // Import: current and previous go from second, first to third, second. Rollback: back to second, third. Nothing is lost on the way.
        (string, string)[] whole = [(second.SerialNumber, first.SerialNumber), (third.SerialNumber, second.SerialNumber), (second.SerialNumber, third.SerialNumber)];
        List<(string, string)> seen = [];
        foreach (var copy in copies)
        {
            _world.Options = _world.Options with { DataDirectory = copy };
            using var edge = await _world.StartAsync();
            var certificate = edge.Certificate();
            seen.Add((certificate.Credential.SerialNumber, certificate.Previous!.SerialNumber));
            Assert.Equal(("import", "uid 1000"), (certificate.Source, certificate.Origin));
            Assert.Equal(
                ["current.pem", "previous.pem", "state.json"],
                Directory.EnumerateFiles(_world.Stored(Gateway, "")).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
        }

        Assert.All(seen, state => Assert.Contains(state, whole));
        Assert.Equal(whole.Order(), seen.Distinct().Order());
        Assert.DoesNotContain(_world.Log.Lines, line => line.Level >= LogLevel.Error);

        async Task WatchAsync(Func<Task<InstallResult>> change)
        {
            _world.OnDiskOperation = () =>
            {
                copies.Add(_world[$"crash-{copies.Count}"]);
                Copy(_world.Data(), copies[^1]);
            };
            Assert.True((await change()).Succeeded);
            _world.OnDiskOperation = () => { };
        }
    }

    [Fact]
    public async Task Second_process_serves_without_storing_until_the_first_has_ended()
    {
        using var file = _world.WriteFile();
        var old = await _world.StartAsync();
        using var young = await _world.StartAsync();
        Assert.Equal(file.SerialNumber, young.Serial());
        using var imported = _world.Issue();
        Assert.Contains("another imgw process", Assert.Single((await young.ImportAsync(imported)).Problems));
        Assert.True((await old.ImportAsync(imported)).Succeeded);
        old.Dispose();
        await young.SettleAsync();
        Assert.Equal(imported.SerialNumber, young.Serial());
        using var next = _world.Issue();
        Assert.True((await young.ImportAsync(next)).Succeeded);
        Assert.Equal(imported.SerialNumber, young.Certificate().Previous!.SerialNumber);
    }

    [Fact]
    public async Task Offline_import_and_rollback_are_served_from_the_next_start_on()
    {
        using var file = _world.WriteFile();
        Assert.Empty(await _world.Offline.ReadAsync(Cancelled));
        using var imported = _world.Issue();
        using (var edge = await _world.StartAsync())
        {
            var held = await _world.Offline.ImportAsync(imported.ChainPem, imported.KeyPem, chainPem: null, password: null, "uid 1000", new SslStreamEngine(TestProcess.Policy), Cancelled);
            Assert.Contains("another imgw process", Assert.Single(held.Problems));
            Assert.Equal(file.SerialNumber, (await _world.Offline.ReadAsync(Cancelled))[0].Credential.SerialNumber);
        }

        var result = await _world.Offline.ImportAsync(imported.ChainPem, imported.KeyPem, chainPem: null, password: null, "uid 1000", new SslStreamEngine(TestProcess.Policy), Cancelled);
        Assert.Equal((file.SerialNumber, imported.SerialNumber), (result.Installed[0].OldSerialNumber, result.Installed[0].NewSerialNumber));
        Assert.True((await _world.Offline.ImportAsync(imported.ChainPem, imported.KeyPem, chainPem: null, password: null, "uid 1000", new SslStreamEngine(TestProcess.Policy), Cancelled)).Succeeded);
        using (var edge = await _world.StartAsync())
        {
            Assert.Equal((imported.SerialNumber, file.SerialNumber), (edge.Serial(), edge.Certificate().Previous!.SerialNumber));
        }

        Assert.True((await _world.Offline.RollbackAsync("gateway.example.com", new SslStreamEngine(TestProcess.Policy), Cancelled)).Succeeded);
        Assert.Equal(
            [(file.SerialNumber, imported.SerialNumber), (imported.SerialNumber, file.SerialNumber)],
            (await _world.Offline.ReadAsync(Cancelled)).Select(certificate => (certificate.Credential.SerialNumber, certificate.Previous!.SerialNumber)));
    }

    [Fact]
    public void Backup_key_is_written_once_for_the_owner_alone_and_its_pin_is_that_of_its_certificate()
    {
        var path = _world["backup.key"];
        var pin = CertificatePins.CreateBackupKey(path, KeyType.P384);
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(path));
        using var key = System.Security.Cryptography.ECDsa.Create();
        key.ImportFromPem(File.ReadAllText(path));
        using var root = TestCa.Create("Pin Root");
        using var issued = root.Issue(new PkiLeaf { Hosts = ["gateway.example.com"], Key = key });
        Assert.Equal(pin, CertificatePins.Of(issued.Leaf));
        Assert.Equal(44, pin.Length);
        var thrown = Assert.Throws<UserError>(() => CertificatePins.CreateBackupKey(path, KeyType.P256));
        Assert.Contains("exists already", thrown.Message);
        Assert.Throws<UserError>(() => CertificatePins.CreateBackupKey(_world["none", "backup.key"], KeyType.P256));
    }

    static int Count(string text, string part) => text.Split(part).Length - 1;

    static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to, OwnerOnly | UnixFileMode.UserExecute);
        foreach (var folder in Directory.EnumerateDirectories(from)) Copy(folder, Path.Combine(to, Path.GetFileName(folder)));
        foreach (var file in Directory.EnumerateFiles(from).Where(file => Path.GetFileName(file) != "lock")) File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
    }
}
