using ImGateway.Edge.Certificates.Issuance;
using ImGateway.Edge.Certificates.Store;
using ImGateway.Edge.Storage;
using ImGateway.Edge.Tests.Scenarios.Acme;
using Microsoft.Extensions.Logging.Abstractions;
using static ImGateway.Edge.Tests.Certificates.CertificateWorld;

namespace ImGateway.Edge.Tests.Certificates;

/// <summary>Two processes on one DataDirectory (issue 15): who has the lock, and what it has to know before it writes.</summary>
public sealed class StoreTakeoverTests : IDisposable
{
    readonly CertificateWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public async Task Import_that_takes_the_lock_before_the_loop_knows_what_the_old_edge_stored_last()
    {
        using var file = _world.WriteFile();
        var old = await _world.StartAsync();
        using var young = await _world.StartAsync();
        using var last = _world.Issue();
        Assert.True((await old.ImportAsync(last)).Succeeded);
        old.Dispose();

        using var next = _world.Issue("gateway.example.com");
        Assert.True((await young.ImportAsync(next)).Succeeded);

        Assert.Equal((next.SerialNumber, last.SerialNumber), (young.Serial(), young.Certificate().Previous!.SerialNumber));
        Assert.Equal(last.SerialNumber, young.Serial(Chat));
    }

    [Fact]
    public async Task Renewal_that_takes_the_lock_before_the_loop_knows_what_the_old_edge_stored_last()
    {
        _world.UseAcme();
        var ca = _world.UseSimulatedCa();
        var old = await _world.StartAsync();
        using var young = await _world.StartAsync();
        await old.RoundAsync();
        var serial = old.Serial();
        old.Dispose();

        var result = await young.Renewals.RenewAsync(Gateway, force: false, staging: false, "uid 0", new Progress<string>(), CancellationToken.None);

        Assert.Contains("is not due", result.Message);
        Assert.Equal(serial, young.Serial());
        Assert.Single(ca.Orders);
    }

    [Fact]
    public async Task Takeover_that_failed_is_repeated_and_nothing_is_written_before()
    {
        using var file = _world.WriteFile();
        var old = await _world.StartAsync();
        using var young = await _world.StartAsync();
        using var last = _world.Issue();
        await old.ImportAsync(last);
        old.Dispose();
        var state = _world.Stored(Chat, "state.json");
        File.Move(state, _world["state.json"]);
        // Reading it fails with EIO.
        File.CreateSymbolicLink(state, "/proc/self/mem");

        for (var round = 0; round < 3; round++) await young.Manager.RunDueAsync(CancellationToken.None);
        using var refused = _world.Issue();
        Assert.Contains("cannot be used", Assert.Single((await young.ImportAsync(refused)).Problems));
        Assert.Single(_world.Log.Lines, line => line.Text.Contains("not taken over", StringComparison.Ordinal));

        File.Move(_world["state.json"], state, overwrite: true);
        await young.Manager.RunDueAsync(CancellationToken.None);
        Assert.Equal((last.SerialNumber, last.SerialNumber), (young.Serial(), young.Serial(Chat)));
    }

    [Fact]
    public async Task Lock_that_cannot_be_made_is_no_other_process()
    {
        using var file = _world.WriteFile();
        Directory.CreateDirectory(_world.Data());
        File.CreateSymbolicLink(_world.Data("lock"), "/nowhere/lock");

        var refused = await Assert.ThrowsAsync<CertificateLoadException>(_world.StartAsync);

        var line = Assert.Single(refused.Lines);
        Assert.Contains(_world.Data("lock"), line);
        Assert.DoesNotContain("another imgw process", line);
    }

    [Fact]
    public async Task Full_disk_is_no_other_process_and_the_lock_is_held_once()
    {
        await using var disk = await SmallDisk.MountAsync(256);
        var path = Path.Combine(disk.Path, "lock");
        disk.Fill();
        using (var held = WriterLock.TryTake(path))
        {
            Assert.NotNull(held);
            Assert.Null(WriterLock.TryTake(path));
        }

        disk.Empty();
        using var next = WriterLock.TryTake(path);
        Assert.NotNull(next);
    }

    [Fact]
    public async Task Budget_that_cannot_be_read_is_not_taken_for_an_empty_one()
    {
        var path = _world["limits.json"];
        File.CreateSymbolicLink(path, "/proc/self/mem");
        using var storage = FileStorage.In(_world.Options with { DataDirectory = _world[""] }, _world.Time, NullLoggerFactory.Instance);
        using var budget = new IssuanceBudget(storage, "limits.json", _world.Time, (_, _) => { });

        var refused = await Assert.ThrowsAsync<IssuanceException>(() => budget.BeginAsync(Gateway, isExempt: false, mayTakeLast: false, CancellationToken.None));

        Assert.Contains("cannot be read", refused.Message);
        Assert.Equal("/proc/self/mem", new FileInfo(path).LinkTarget);
    }
}
