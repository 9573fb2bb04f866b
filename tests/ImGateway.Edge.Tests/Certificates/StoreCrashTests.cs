using System.Runtime.Versioning;
using ImGateway.Edge.Certificates.Installation;
using static ImGateway.Edge.Tests.Certificates.CertificateWorld;

namespace ImGateway.Edge.Tests.Certificates;

/// <summary>The store after a crash at each step of each change, in random order (issue 15).</summary>
[UnsupportedOSPlatform("windows")]
public sealed class StoreCrashTests : IDisposable
{
    readonly CertificateWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public async Task Certificate_that_never_proved_itself_is_not_committed_after_a_repair()
    {
        _world.UseSelfSigned();
        using var first = _world.Issue();
        using var second = _world.Issue();
        using var third = _world.Issue();
        using (var edge = await _world.StartAsync())
        {
            await edge.ImportAsync(first);
            await edge.ImportAsync(second);
        }

        File.WriteAllText(_world.Stored(Gateway, "current.pem"), "");
        List<string> copies;
        using (var edge = await _world.StartAsync())
        {
            Assert.Equal(first.SerialNumber, edge.Serial());
            Assert.Equal(File.ReadAllBytes(_world.Stored(Gateway, "previous.pem")), File.ReadAllBytes(_world.Stored(Gateway, "current.pem")));
            _world.HandshakeFailure = _ => "no";
            copies = await CopiesAsync(() => edge.ImportAsync(third));
        }

        Assert.NotEmpty(copies);
        Assert.All(await SerialsAsync(copies), serial => Assert.Equal(first.SerialNumber, serial));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public async Task Each_crash_leaves_what_was_served_before_or_after(int seed)
    {
        var random = new Random(seed);
        _world.UseSelfSigned();
        using (var start = await _world.StartAsync())
        {
            await start.ImportAsync(_world.Issue());
            await start.ImportAsync(_world.Issue());
        }

        for (var change = 0; change < 5; change++)
        {
            if (random.Next(3) == 0) File.WriteAllText(_world.Stored(Gateway, "current.pem"), "damaged");
            List<string> copies;
            HashSet<string> allowed = [];
            using (var edge = await _world.StartAsync())
            {
                allowed.Add(edge.Serial());
                var kind = random.Next(3);
                _world.HandshakeFailure = kind == 0 ? _ => "no" : _ => null;
                copies = await CopiesAsync(() => kind == 2 ? edge.RollbackAsync() : edge.ImportAsync(_world.Issue()));
                allowed.Add(edge.Serial());
            }

            Assert.All(await SerialsAsync(copies), serial => Assert.Contains(serial, allowed));
            foreach (var copy in copies) Directory.Delete(copy, recursive: true);
        }
    }

    /// <summary>The data directory as a crash would leave it at each step of the change.</summary>
    async Task<List<string>> CopiesAsync(Func<Task<InstallResult>> change)
    {
        List<string> copies = [];
        _world.OnDiskOperation = () =>
        {
            copies.Add(_world[$"crash-{Guid.NewGuid():N}"]);
            Copy(_world.Data(), copies[^1]);
        };
        await change();
        _world.OnDiskOperation = () => { };
        return copies;
    }

    async Task<List<string>> SerialsAsync(IEnumerable<string> copies)
    {
        var options = _world.Options;
        _world.HandshakeFailure = _ => null;
        List<string> serials = [];
        foreach (var copy in copies)
        {
            _world.Options = options with { DataDirectory = copy };
            using var edge = await _world.StartAsync();
            serials.Add(edge.Serial());
            // Leftover files have been deleted, and those that remain are readable.
            Assert.DoesNotContain(Directory.EnumerateFiles(_world.Stored(Gateway, "")), path => Path.GetFileName(path)[0] == '.');
        }

        _world.Options = options;
        return serials;
    }

    static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        foreach (var folder in Directory.EnumerateDirectories(from)) Copy(folder, Path.Combine(to, Path.GetFileName(folder)));
        foreach (var file in Directory.EnumerateFiles(from).Where(file => Path.GetFileName(file) != "lock")) File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
    }
}
