using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using ImGateway.Acme;
using ImGateway.Edge.Certificates.Installation;
using ImGateway.Edge.Certificates.Issuance;
using ImGateway.Edge.Certificates.Renewal;
using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;
using ImGateway.Edge.Tests.Scenarios.Acme;
using ImGateway.Edge.Tls.SslStream;
using ImGateway.Testing;
using Microsoft.Extensions.DependencyInjection;
using static ImGateway.Edge.Tests.Certificates.CertificateWorld;

namespace ImGateway.Edge.Tests.Certificates.Issuance;

/// <summary>Revocation reaches the key and every host that serves it (issue 15), whatever is under way and wherever the process ends.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class RevocationTests : IDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    readonly CertificateWorld _world = new();
    readonly SimulatedCa _ca;
    readonly LineCollector _progress = new();

    public RevocationTests()
    {
        _world.UseAcme();
        _world.Options = _world.Options with { Hosts = [Gateway, Chat] };
        _ca = _world.UseSimulatedCa();
    }

    public void Dispose() => _world.Dispose();

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task Renewal_under_way_does_not_satisfy_a_revocation(bool reuseKey, bool byHand)
    {
        _ca.ReuseKey = reuseKey;
        using var edge = await _world.StartAsync();
        await edge.RoundAsync();
        var leaked = CertificatePins.Of(edge.Served[Gateway]);
        var gate = Hold(Gateway);
        if (!byHand) _world.Time.Advance(TimeSpan.FromDays(80));
        var renewal = byHand ? RenewAsync(edge, Gateway) : edge.RoundAsync();
        await gate.Reached.Task.WaitAsync(Patience);
        _ca.Hold = null;

        var revocation = RevokeAsync(edge, Gateway, RevocationReason.KeyCompromise);
        await _ca.RevokedOne.Task.WaitAsync(Patience);
        gate.Open.SetResult();
        var result = await revocation.WaitAsync(Patience);
        await renewal.WaitAsync(Patience);

        Assert.True(result.Succeeded, result.Message);
        var overtaken = _ca.Issued.Where(issued => CertificateNames.Of(issued.Leaf).Contains(Gateway)).ElementAt(1);
        Assert.NotEqual(overtaken.SerialNumber, edge.Serial());
        Assert.NotEqual(leaked, CertificatePins.Of(edge.Served[Gateway]));
        Assert.Equal(edge.Serial(), result.SerialNumber);
        Assert.Contains(_ca.Orders, order => order is { NewKey: true, Host: var host } && host == Gateway);
        Assert.DoesNotContain(leaked, KeysOnDisk());
        Assert.DoesNotContain(CertificatePins.Of(overtaken.Leaf), KeysOnDisk());
        Assert.Contains("has no previous certificate", Assert.Single((await edge.RollbackAsync()).Problems));
    }

    [Theory]
    [InlineData(RevocationReason.KeyCompromise)]
    [InlineData(RevocationReason.Superseded)]
    public async Task Revocation_renews_and_names_every_host_that_serves_the_certificate(RevocationReason reason)
    {
        using var edge = await _world.StartAsync();
        using var shared = _world.Issue();
        Assert.True((await edge.ImportAsync(shared)).Succeeded);

        var result = await RevokeAsync(edge, Gateway, reason).WaitAsync(Patience);

        Assert.True(result.Succeeded, result.Message);
        Assert.Equal([shared.SerialNumber], _ca.Revoked);
        Assert.DoesNotContain(shared.SerialNumber, edge.Served.Values.Select(credential => credential.SerialNumber));
        Assert.All([Gateway, Chat], host =>
        {
            Assert.Contains(host.Value, result.Message, StringComparison.Ordinal);
            Assert.Contains(edge.Serial(host), result.Message, StringComparison.Ordinal);
            Assert.Contains(_progress.Lines, line => line.Contains(host.Value, StringComparison.Ordinal));
            Assert.False(File.Exists(_world.Stored(host, "previous.pem")));
        });
        Assert.Equal(
            ["chat.example.com", "gateway.example.com"],
            AuditLines.Read(_world.Data("audit.jsonl")).Where(entry => entry.Action == "revoked" && entry.OldSerial == shared.SerialNumber).Select(entry => entry.Host!).Order(StringComparer.Ordinal));
        Assert.All(_ca.Orders, order => Assert.True(order.NewKey));
        Assert.DoesNotContain(CertificatePins.Of(shared.Leaf), KeysOnDisk());
    }

    [Fact]
    public async Task Compromised_key_takes_every_certificate_with_it()
    {
        _ca.ReuseKey = true;
        using var edge = await _world.StartAsync();
        using var shared = _world.Issue();
        await edge.ImportAsync(shared);
        Assert.True((await RenewAsync(edge, Chat)).Succeeded);
        var (leaked, second) = (CertificatePins.Of(shared.Leaf), edge.Serial(Chat));
        Assert.Equal(leaked, CertificatePins.Of(edge.Served[Chat]));

        var result = await RevokeAsync(edge, Gateway, RevocationReason.KeyCompromise).WaitAsync(Patience);

        Assert.True(result.Succeeded, result.Message);
        Assert.Equal(new[] { shared.SerialNumber, second }.Order(StringComparer.Ordinal), _ca.Revoked.Order(StringComparer.Ordinal));
        Assert.All(edge.Served.Values, credential => Assert.NotEqual(leaked, CertificatePins.Of(credential)));
        Assert.DoesNotContain(leaked, KeysOnDisk());
    }

    [Fact]
    public async Task Compromised_key_does_not_come_back_by_import_or_file()
    {
        using var leaked = _world.Issue();
        using var another = Reissue(leaked);
        using (var edge = await _world.StartAsync())
        {
            await edge.ImportAsync(leaked);
            Assert.True((await RevokeAsync(edge, Gateway, RevocationReason.KeyCompromise)).Succeeded);
            foreach (var again in new[] { leaked, another }) AssertRefused(await edge.ImportAsync(again));
            Assert.DoesNotContain(CertificatePins.Of(leaked.Leaf), KeysOnDisk());
        }

        AssertRefused(await _world.Offline.ImportAsync(another.ChainPem, another.KeyPem, chainPem: null, password: null, "uid 1000", new SslStreamEngine(TestProcess.Policy), TestContext.Current.CancellationToken));
        _world.Options = _world.Options with { Certificates = _world.Options.Certificates with { Files = [another.WriteTo(_world["files"])] } };
        using (var edge = await _world.StartAsync())
        {
            AssertRefused(await edge.ImportAsync(another));
            Assert.DoesNotContain(another.SerialNumber, edge.Served.Values.Select(credential => credential.SerialNumber));
            leaked.WriteTo(_world["files"]);
            await edge.SettleAsync();
            Assert.DoesNotContain(leaked.SerialNumber, edge.Served.Values.Select(credential => credential.SerialNumber));
        }

        Assert.DoesNotContain(CertificatePins.Of(leaked.Leaf), KeysOnDisk());

        static void AssertRefused(InstallResult result)
        {
            var line = Assert.Single(result.Problems);
            Assert.Contains("compromised", line);
            Assert.Contains("new key", line);
        }
    }

    [Fact]
    public async Task Revoked_certificate_does_not_come_back_by_import_or_rollback()
    {
        using var edge = await _world.StartAsync();
        using var revoked = _world.Issue();
        await edge.ImportAsync(revoked);
        Assert.True((await RevokeAsync(edge, Gateway, RevocationReason.Superseded)).Succeeded);

        Assert.Contains("was revoked", Assert.Single((await edge.ImportAsync(revoked)).Problems));
        // Another certificate for the same key is another matter where the key is not the reason.
        using var sameKey = Reissue(revoked);
        Assert.True((await edge.ImportAsync(sameKey)).Succeeded);
    }

    [Fact]
    public async Task What_replaces_a_revoked_certificate_by_hand_does_not_keep_it_as_the_previous_one()
    {
        using var leaked = _world.Issue();
        using var good = _world.Issue();
        using var edge = await _world.StartAsync();
        await edge.ImportAsync(leaked);
        _ca.NextFault = () => OrderFault.ServerError("down");
        Assert.False((await RevokeAsync(edge, Gateway, RevocationReason.KeyCompromise)).Succeeded);

        Assert.True((await edge.ImportAsync(good)).Succeeded);

        Assert.All(edge.Overview.Certificates, certificate => Assert.Null(certificate.Previous));
        Assert.DoesNotContain(CertificatePins.Of(leaked.Leaf), KeysOnDisk());
        Assert.All((await edge.RollbackAsync()).Problems, problem => Assert.Contains("has no previous certificate", problem));
    }

    [Fact]
    public async Task Mark_outlives_a_restart_for_every_host()
    {
        using var shared = _world.Issue();
        _ca.NextFault = () => OrderFault.ServerError("down");
        using (var edge = await _world.StartAsync())
        {
            await edge.ImportAsync(shared);
            Assert.False((await RevokeAsync(edge, Gateway, RevocationReason.KeyCompromise)).Succeeded);
        }

        _ca.NextFault = () => null;
        _world.Time.Advance(TimeSpan.FromMinutes(2));
        using var next = await _world.StartAsync();
        await next.RoundAsync();

        Assert.DoesNotContain(shared.SerialNumber, next.Served.Values.Select(credential => credential.SerialNumber));
        Assert.DoesNotContain(CertificatePins.Of(shared.Leaf), KeysOnDisk());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_the_CA_does_not_confirm_is_asked_for_again_while_a_new_key_is_served(bool restart)
    {
        using var shared = _world.Issue();
        var edge = await _world.StartAsync();
        await edge.ImportAsync(shared);
        _ca.RevocationFault = () => new IssuanceException("ca.example.com: 503");

        var result = await RevokeAsync(edge, Gateway, RevocationReason.KeyCompromise).WaitAsync(Patience);

        Assert.False(result.Succeeded);
        Assert.Contains("503", result.Message, StringComparison.Ordinal);
        Assert.Contains("asked again", result.Message, StringComparison.Ordinal);
        Assert.All(edge.Served.Values, credential => Assert.NotEqual(CertificatePins.Of(shared.Leaf), CertificatePins.Of(credential)));
        Assert.Empty(AuditedRevocations());
        _world.Time.Advance(TimeSpan.FromMinutes(2));
        await edge.RoundAsync();
        Assert.Empty(_ca.Revoked);
        if (restart)
        {
            edge.Dispose();
            edge = await _world.StartAsync();
        }

        _ca.RevocationFault = () => null;
        _world.Time.Advance(TimeSpan.FromMinutes(12));
        await edge.RoundAsync();
        _world.Time.Advance(TimeSpan.FromDays(1));
        await edge.RoundAsync();

        Assert.Equal([shared.SerialNumber], _ca.Revoked);
        Assert.Equal(["chat.example.com", "gateway.example.com"], AuditedRevocations());
        edge.Dispose();

        IEnumerable<string> AuditedRevocations() =>
            AuditLines.Read(_world.Data("audit.jsonl")).Where(entry => entry.Action == "revoked").Select(entry => entry.Host!).Order(StringComparer.Ordinal);
    }

    [Fact]
    public async Task What_could_not_be_replaced_at_once_is_revoked_when_no_client_is_shown_it()
    {
        using var edge = await _world.StartAsync();
        using var old = _world.Issue();
        await edge.ImportAsync(old);
        _ca.NextFault = () => OrderFault.ServerError("down");
        Assert.False((await RevokeAsync(edge, Gateway, RevocationReason.Superseded).WaitAsync(Patience)).Succeeded);
        await edge.RoundAsync();
        Assert.Empty(_ca.Revoked);

        _ca.NextFault = () => null;
        _world.Time.Advance(TimeSpan.FromMinutes(2));
        await edge.RoundAsync();
        await edge.RoundAsync();

        Assert.DoesNotContain(old.SerialNumber, edge.Served.Values.Select(credential => credential.SerialNumber));
        Assert.Equal([old.SerialNumber], _ca.Revoked);
    }

    [Fact]
    public async Task What_cannot_be_read_for_a_while_is_asked_for_again_later()
    {
        using var first = _world.Issue(TimeSpan.FromDays(1), TimeSpan.FromDays(60), "gateway.example.com");
        using var second = _world.Issue(TimeSpan.FromDays(1), TimeSpan.FromDays(60), "chat.example.com");
        _ca.RevocationFault = () => new IssuanceException("ca.example.com: 503");
        using (var edge = await _world.StartAsync())
        {
            await edge.ImportAsync(first);
            await edge.ImportAsync(second);
            await RevokeAsync(edge, Gateway, RevocationReason.KeyCompromise).WaitAsync(Patience);
        }

        // A folder in place of the file cannot be read.
        var (file, aside) = (_world.Data("revocations.json"), _world["aside.json"]);
        File.Move(file, aside);
        Directory.CreateDirectory(file);
        using var next = await _world.StartAsync();
        await next.RoundAsync();
        await RevokeAsync(next, Chat, RevocationReason.KeyCompromise).WaitAsync(Patience);
        Assert.Single(_world.Log.Lines, line => line.Text.Contains($"{file}: cannot be read", StringComparison.Ordinal));
        Directory.Delete(file);
        File.Move(aside, file);
        _world.Time.Advance(TimeSpan.FromMinutes(12));
        await next.RoundAsync();
        var stored = JsonNode.Parse(await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken))!.AsArray();
        Assert.Equal([Convert.ToBase64String(first.Leaf.RawData), Convert.ToBase64String(second.Leaf.RawData)], stored.Select(entry => (string)entry!["certificate"]!));

        _ca.RevocationFault = () => null;
        _world.Time.Advance(TimeSpan.FromDays(1));
        await next.RoundAsync();

        Assert.Equal(new[] { first.SerialNumber, second.SerialNumber }.Order(StringComparer.Ordinal), _ca.Revoked.Order(StringComparer.Ordinal));
        Assert.False(File.Exists(file));
    }

    [Theory]
    [InlineData("AAAA")]
    [InlineData(null)]
    public async Task A_damaged_entry_does_not_hold_up_the_others(string? damaged)
    {
        using var shared = _world.Issue();
        _ca.RevocationFault = () => new IssuanceException("ca.example.com: 503");
        using (var edge = await _world.StartAsync())
        {
            await edge.ImportAsync(shared);
            await RevokeAsync(edge, Gateway, RevocationReason.KeyCompromise).WaitAsync(Patience);
        }

        var file = _world.Data("revocations.json");
        var entries = JsonNode.Parse(await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken))!.AsArray();
        entries.Insert(0, new JsonObject { ["certificate"] = damaged, ["reason"] = "keyCompromise", ["who"] = "uid 0" });
        await File.WriteAllTextAsync(file, entries.ToJsonString(), TestContext.Current.CancellationToken);
        _ca.RevocationFault = () => null;
        using var next = await _world.StartAsync();
        await next.RoundAsync();

        Assert.Equal([shared.SerialNumber], _ca.Revoked);
        Assert.Single(_world.Log.Lines, line => line.Text.Contains($"{file}: cannot be read", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Copy_of_a_compromised_key_that_cannot_be_deleted_does_not_prevent_the_revocation()
    {
        _ca.ReuseKey = true;
        using var shared = _world.Issue();
        using var edge = await _world.StartAsync();
        await edge.ImportAsync(shared);
        // The previous certificate has the same key.
        Assert.True((await RenewAsync(edge, Gateway)).Succeeded);
        Assert.True(File.Exists(_world.Stored(Gateway, "previous.pem")));
        // Reading it fails, before the previous certificate is reached.
        var loop = _world.Stored(Gateway, "a.pem");
        File.CreateSymbolicLink(loop, loop);
        _ca.NextFault = () => OrderFault.ServerError("down");

        var result = await RevokeAsync(edge, Gateway, RevocationReason.KeyCompromise).WaitAsync(Patience);

        Assert.Contains("is revoked", result.Message, StringComparison.Ordinal);
        Assert.Contains(shared.SerialNumber, _ca.Revoked);
        Assert.False(File.Exists(_world.Stored(Gateway, "previous.pem")));
        Assert.Contains(_world.Log.Lines, line => line.Text.Contains("compromised key", StringComparison.Ordinal) && line.Text.Contains(loop, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Overtaken_renewal_whose_order_cannot_be_deleted_is_a_failure_that_is_tried_again()
    {
        _ca.ReuseKey = true;
        using var edge = await _world.StartAsync();
        await edge.RoundAsync();
        var leaked = CertificatePins.Of(edge.Served[Gateway]);
        _world.Time.Advance(TimeSpan.FromDays(80));
        var gate = Hold(Gateway);
        var renewal = edge.RoundAsync();
        await gate.Reached.Task.WaitAsync(Patience);
        _ca.Hold = null;
        var revocation = RevokeAsync(edge, Gateway, RevocationReason.KeyCompromise);
        await _ca.RevokedOne.Task.WaitAsync(Patience);
        // A folder in place of the file is not deleted.
        var pending = _world.Stored(Gateway, "pending.pem");
        File.Delete(pending);
        Directory.CreateDirectory(pending);
        gate.Open.SetResult();

        await renewal.WaitAsync(Patience);
        var result = await revocation.WaitAsync(Patience);

        Assert.False(result.Succeeded);
        Assert.Contains("no new one yet", result.Message, StringComparison.Ordinal);
        Assert.NotNull(edge.Services.GetRequiredService<RenewalStates>().Of(Gateway).NextAttempt);
        Directory.Delete(pending);
        _world.Time.Advance(TimeSpan.FromHours(1));
        await edge.RoundAsync();
        Assert.NotEqual(leaked, CertificatePins.Of(edge.Served[Gateway]));
    }

    [Fact]
    public async Task Two_revocations_at_once_both_end_with_a_new_key()
    {
        using var edge = await _world.StartAsync();
        using var shared = _world.Issue();
        await edge.ImportAsync(shared);

        var results = await Task.WhenAll(
            RevokeAsync(edge, Gateway, RevocationReason.KeyCompromise), RevokeAsync(edge, Chat, RevocationReason.KeyCompromise)).WaitAsync(Patience);

        Assert.All(results, result => Assert.True(result.Succeeded, result.Message));
        Assert.Contains(shared.SerialNumber, _ca.Revoked);
        Assert.DoesNotContain(shared.SerialNumber, edge.Served.Values.Select(credential => credential.SerialNumber));
        Assert.DoesNotContain(CertificatePins.Of(shared.Leaf), KeysOnDisk());
    }

    [Fact]
    public async Task No_crash_leaves_a_compromised_key_in_use_or_on_the_disk()
    {
        _ca.ReuseKey = true;
        using var shared = _world.Issue();
        var leaked = CertificatePins.Of(shared.Leaf);
        List<string> copies = [];
        using (var edge = await _world.StartAsync())
        {
            await edge.ImportAsync(shared);
            // The previous certificate has the same key.
            await RenewAsync(edge, Gateway);
            _world.OnDiskOperation = () =>
            {
                lock (copies)
                {
                    copies.Add(_world[$"crash-{copies.Count}"]);
                    CopyAtOneMoment(_world.Data(), copies[^1]);
                }
            };
            Assert.True((await RevokeAsync(edge, Gateway, RevocationReason.KeyCompromise)).Succeeded);
            _world.OnDiskOperation = () => { };
        }

        Assert.True(copies.Count > 10);
        // The first is the moment before the mark is there at all.
        foreach (var copy in copies.Skip(1))
        {
            _world.Options = _world.Options with { DataDirectory = copy };
            using var edge = await _world.StartAsync();
            await edge.RoundAsync();
            Assert.Equal(2, edge.Served.Count);
            Assert.All(edge.Served.Values, credential => Assert.NotEqual(leaked, CertificatePins.Of(credential)));
            Assert.DoesNotContain(leaked, KeysOnDisk());
        }
    }

    [Fact]
    public async Task Forced_renewal_is_not_satisfied_by_one_that_began_with_another_CA()
    {
        using var other = new SimulatedCa(_world.Time.GetUtcNow) { HasRenewalInfo = false };
        using var storage = new MemoryStorage.Node(new MemoryStorage(), "budget");
        await storage.TryLeaseAsync(IStorage.Writer, CancellationToken.None);
        using var budget = new IssuanceBudget(storage, "limits.json", _world.Time, (_, _) => { });
        var second = _world.Options with { Acme = _world.Options.Acme with { Directory = "https://other.example.com/directory" } };
        _world.CaOf = options => new IssuingCa(options.Acme.Directory == second.Acme.Directory ? other : _ca, budget);
        using var edge = await _world.StartAsync();
        await edge.RoundAsync();
        var gate = Hold(Gateway);
        var before = RenewAsync(edge, Gateway);
        await gate.Reached.Task.WaitAsync(Patience);
        await edge.ReloadAsync(second);

        var after = RenewAsync(edge, Gateway);
        gate.Open.SetResult();

        Assert.True((await before.WaitAsync(Patience)).Succeeded);
        Assert.True((await after.WaitAsync(Patience)).Succeeded);
        Assert.Equal(Assert.Single(other.Issued).SerialNumber, edge.Serial());
    }

    Task<RenewResult> RevokeAsync(CertificateWorld.Edge edge, HostName host, RevocationReason reason) =>
        edge.Renewals.RevokeAsync(host, reason, "uid 0", _progress, CancellationToken.None);

    Task<RenewResult> RenewAsync(CertificateWorld.Edge edge, HostName host) =>
        edge.Renewals.RenewAsync(host, force: true, staging: false, "uid 0", _progress, CancellationToken.None);

    /// <summary>The next order for the host goes no further than this.</summary>
    Gate Hold(HostName host)
    {
        var gate = new Gate();
        _ca.Hold = request =>
        {
            if (request.Host != host || gate.Reached.Task.IsCompleted) return Task.CompletedTask;
            gate.Reached.SetResult();
            return gate.Open.Task;
        };
        return gate;
    }

    /// <summary>The same key in a new certificate.</summary>
    IssuedCertificate Reissue(IssuedCertificate issued)
    {
        var key = ECDsa.Create();
        key.ImportFromPem(issued.KeyPem);
        return _world.Ca.Issue(new PkiLeaf { Hosts = ["gateway.example.com", "chat.example.com"], Key = key });
    }

    /// <summary>Pins of all private keys under DataDirectory, whatever the files are called.</summary>
    IReadOnlyList<string> KeysOnDisk() =>
    [
        .. from file in Directory.EnumerateFiles(_world.Data(), "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None })
           where Path.GetFileName(file) != "lock"
           from key in PemDocument.KeysOf(File.ReadAllBytes(file)).Keys
           select PinOf(key),
    ];

    static string PinOf(string pem)
    {
        using var key = ECDsa.Create();
        key.ImportFromPem(pem);
        return Convert.ToBase64String(SHA256.HashData(key.ExportSubjectPublicKeyInfo()));
    }

    /// <summary>The order of the other host may rename a file meanwhile.</summary>
    static void CopyAtOneMoment(string from, string to)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                Copy(from, to);
                return;
            }
            catch (IOException e) when (attempt < 20 && e is FileNotFoundException or DirectoryNotFoundException)
            {
                Directory.Delete(to, recursive: true);
            }
        }
    }

    static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        foreach (var folder in Directory.EnumerateDirectories(from)) Copy(folder, Path.Combine(to, Path.GetFileName(folder)));
        foreach (var file in Directory.EnumerateFiles(from).Where(file => Path.GetFileName(file) != "lock")) File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
    }

    sealed class Gate
    {
        public TaskCompletionSource Reached { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Open { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    sealed class LineCollector : IProgress<string>
    {
        readonly List<string> _lines = [];

        public IReadOnlyList<string> Lines
        {
            get
            {
                lock (_lines) return [.. _lines];
            }
        }

        public void Report(string value)
        {
            lock (_lines) _lines.Add(value);
        }
    }
}
