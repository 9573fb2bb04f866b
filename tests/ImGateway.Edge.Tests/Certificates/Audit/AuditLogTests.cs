using ImGateway.Edge.Certificates.Audit;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;
using ImGateway.Edge.Tests.Scenarios.Acme;
using ImGateway.Edge.Tests.Storage;
using ImGateway.Testing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace ImGateway.Edge.Tests.Certificates.Audit;

public sealed class AuditLogTests : IDisposable
{
    static readonly AuditEntry First = new(
        new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), "renewed", "gateway.example.com", "ari", "loop", "01", "02", "pin", "CN=CA", 2, "tlsserver");

    readonly TemporaryDirectory _folder = new();
    readonly LogCollector<AuditLog> _log = new();

    string FilePath => _folder["audit.jsonl"];

    FileStorage? _storage;
    Action _step = () => { };

    public void Dispose()
    {
        _storage?.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Entries_are_lines_of_JSON_for_the_owner_alone_and_logged()
    {
        await (await LogAsync()).WriteAsync(First);
        Assert.StartsWith("{\"time\":\"2026-01-01T00:00:00+00:00\",\"action\":\"renewed\",\"host\":\"gateway.example.com\",\"why\":\"ari\"", File.ReadAllText(FilePath));
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(FilePath));
        Assert.Equal([First], AuditLines.Read(FilePath));
        Assert.Contains("gateway.example.com renewed (ari, by loop)", Assert.Single(_log.Lines).Text);
    }

    [Fact]
    public async Task Half_a_line_after_a_crash_is_passed_over_and_spoils_nothing_after_it()
    {
        await (await LogAsync()).WriteAsync(First);
        File.AppendAllText(FilePath, "{\"time\":\"2026-01-02T00:00");
        Assert.Equal([First], AuditLines.Read(FilePath));
        var second = First with { Action = "installed" };
        await (await LogAsync()).WriteAsync(second);
        Assert.Equal([First, second], AuditLines.Read(FilePath));
    }

    [Fact]
    public async Task Damage_is_passed_over_and_no_file_is_no_entries()
    {
        Assert.Empty(AuditLines.Read(FilePath));
        File.WriteAllText(FilePath, "garbage\n[]\nnull\n{\"action\":7}\n\n{\"action\":\"renewed\",\"why\":\"ari\",\"who\":\"loop\",\"more\":1}\n");
        Assert.Equal("renewed", Assert.Single(AuditLines.Read(FilePath)).Action);
    }

    [Fact]
    public async Task Log_that_cannot_be_written_is_an_error_line_and_nothing_else()
    {
        Directory.CreateDirectory(FilePath);
        await (await LogAsync()).WriteAsync(First);
        Assert.Contains("cannot be written", Assert.Single(_log.Lines, line => line.Level == LogLevel.Error).Text);
    }

    [Fact]
    public async Task What_has_become_too_large_is_put_aside_and_the_oldest_of_it_goes()
    {
        var limits = new AuditSection { MaxBytes = await SizeAsync(First), Keep = 2 };
        var log = await LogAsync(() => limits);
        var entries = Enumerable.Range(1, 5).Select(number => First with { NewSerial = $"0{number}" }).ToList();

        foreach (var entry in entries) await log.WriteAsync(entry);

        Assert.Equal(entries[2..], AuditLines.Read(FilePath));
        Assert.Equal(["audit.000003.jsonl", "audit.000004.jsonl", "audit.jsonl"], Names());

        // As a reload changes them.
        limits = limits with { MaxBytes = 1_000_000 };
        await log.WriteAsync(First);
        limits = new AuditSection { MaxBytes = await SizeAsync(First), Keep = 1 };
        await log.WriteAsync(First);
        Assert.Equal(["audit.000005.jsonl", "audit.jsonl"], Names());
    }

    [Fact]
    public async Task An_entry_larger_than_a_file_may_be_has_one_of_its_own()
    {
        var log = await LogAsync(() => new AuditSection { MaxBytes = 10, Keep = 3 });

        await log.WriteAsync(First);
        await log.WriteAsync(First);

        Assert.Equal(["audit.000001.jsonl", "audit.jsonl"], Names());
        Assert.Equal([First, First], AuditLines.Read(FilePath));
    }

    [Fact]
    public async Task A_log_that_cannot_be_put_aside_grows_on_and_says_so()
    {
        Directory.CreateDirectory(_folder["audit.000001.jsonl", "in the way"]);
        var log = await LogAsync(() => new AuditSection { MaxBytes = 10, Keep = 1 });

        await log.WriteAsync(First);
        await log.WriteAsync(First);

        Assert.Equal([First, First], AuditLines.Read(FilePath));
        Assert.Contains("audit.jsonl", Assert.Single(_log.Lines, line => line.Level == LogLevel.Error).Text);

        Directory.Delete(_folder["audit.000001.jsonl"], recursive: true);
        await log.WriteAsync(First);
        Assert.Equal(["audit.000001.jsonl", "audit.jsonl"], Names());
    }

    /// <summary>Whatever moment a crash finds, each entry is in one file, and the next one has its place.</summary>
    [Fact]
    public async Task A_crash_amid_a_rotation_loses_nothing()
    {
        var states = 0;
        _step = () =>
        {
            // There is none before the first has been written.
            states++;
            Assert.All(AuditLines.Read(FilePath), entry => Assert.Equal(First, entry));
        };
        await (await LogAsync()).WriteAsync(First);
        await (await LogAsync(() => new AuditSection { MaxBytes = 10, Keep = 3 })).WriteAsync(First);
        _step = () => { };
        Assert.True(states >= 4);
        Assert.Equal(2, AuditLines.Read(FilePath).Count);

        // After the rename, before the new file.
        File.Delete(FilePath);
        await (await LogAsync(() => new AuditSection { MaxBytes = 10, Keep = 3 })).WriteAsync(First);
        Assert.Equal([First, First], AuditLines.Read(FilePath));
    }

    [Fact]
    public async Task Who_reads_while_it_is_rotated_misses_nothing_and_reads_nothing_twice()
    {
        var log = await LogAsync(() => new AuditSection { MaxBytes = 10, Keep = 1000 });
        await log.WriteAsync(First with { OldSerial = "0" });
        var writing = Task.Run(async () =>
        {
            for (var i = 1; i < 200; i++) await log.WriteAsync(First with { OldSerial = $"{i}" });
        });

        while (!writing.IsCompleted)
        {
            var read = AuditLines.Read(FilePath).Select(entry => int.Parse(entry.OldSerial!, System.Globalization.CultureInfo.InvariantCulture)).ToList();
            Assert.Equal(Enumerable.Range(0, read.Count), read);
        }

        await writing;
        Assert.Equal(200, AuditLines.Read(FilePath).Count);
    }

    [Theory]
    [InlineData("audit.jsonl.1")]
    [InlineData("audit.-1.jsonl")]
    [InlineData("audit.1x.jsonl")]
    [InlineData("audit..jsonl")]
    [InlineData("audit.99999999999999999999.jsonl")]
    [InlineData("audit.0.jsonl")]
    [InlineData("audit.9223372036854775807.jsonl")]
    public async Task Other_files_are_neither_read_nor_removed(string name)
    {
        File.WriteAllText(_folder[name], "{\"action\":\"renewed\",\"why\":\"ari\",\"who\":\"loop\"}\n");
        var log = await LogAsync(() => new AuditSection { MaxBytes = 10, Keep = 1 });

        for (var i = 0; i < 3; i++) await log.WriteAsync(First);

        Assert.Equal([First, First], AuditLines.Read(FilePath));
        Assert.True(File.Exists(_folder[name]));
    }

    /// <summary>One entry and no two.</summary>
    static async Task<int> SizeAsync(AuditEntry entry)
    {
        using var folder = new TemporaryDirectory();
        using var storage = await Writers.OpenAsync(folder.Path);
        await new AuditLog(storage, NullLogger.Instance, () => new AuditSection()).WriteAsync(entry);
        return (int)new FileInfo(folder[AuditLog.Key]).Length + 40;
    }

    /// <summary>Of a process that begins.</summary>
    async Task<AuditLog> LogAsync(Func<AuditSection>? limits = null)
    {
        _storage?.Dispose();
        _storage = await Writers.OpenAsync(_folder.Path, new DiskOperationHook(() => _step()), TimeProvider.System);
        return new AuditLog(_storage, _log, limits ?? (() => new AuditSection()));
    }

    IEnumerable<string?> Names() => Directory.GetFiles(_folder.Path).Select(Path.GetFileName).Where(name => name != "lock").Order(StringComparer.Ordinal);
}
