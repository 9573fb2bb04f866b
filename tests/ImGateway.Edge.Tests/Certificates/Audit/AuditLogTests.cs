using ImGateway.Edge.Certificates.Audit;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;
using ImGateway.Testing;
using Microsoft.Extensions.Logging;

namespace ImGateway.Edge.Tests.Certificates.Audit;

public sealed class AuditLogTests : IDisposable
{
    static readonly AuditEntry First = new(
        new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), "renewed", "gateway.example.com", "ari", "loop", "01", "02", "pin", "CN=CA", 2, "tlsserver");

    readonly TemporaryDirectory _folder = new();
    readonly LogCollector<AuditLog> _log = new();

    string FilePath => _folder["audit.jsonl"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Entries_are_lines_of_JSON_for_the_owner_alone_and_logged()
    {
        new AuditLog(FilePath, _log).Write(First);
        Assert.StartsWith("{\"time\":\"2026-01-01T00:00:00+00:00\",\"action\":\"renewed\",\"host\":\"gateway.example.com\",\"why\":\"ari\"", File.ReadAllText(FilePath));
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(FilePath));
        Assert.Equal([First], AuditLog.Read(FilePath));
        Assert.Contains("gateway.example.com renewed (ari, by loop)", Assert.Single(_log.Lines).Text);
    }

    [Fact]
    public void Half_a_line_after_a_crash_is_passed_over_and_spoils_nothing_after_it()
    {
        new AuditLog(FilePath, _log).Write(First);
        File.AppendAllText(FilePath, "{\"time\":\"2026-01-02T00:00");
        Assert.Equal([First], AuditLog.Read(FilePath));
        var second = First with { Action = "installed" };
        new AuditLog(FilePath, _log).Write(second);
        Assert.Equal([First, second], AuditLog.Read(FilePath));
    }

    [Fact]
    public void Damage_is_passed_over_and_no_file_is_no_entries()
    {
        Assert.Empty(AuditLog.Read(FilePath));
        File.WriteAllText(FilePath, "garbage\n[]\nnull\n{\"action\":7}\n\n{\"action\":\"renewed\",\"why\":\"ari\",\"who\":\"loop\",\"more\":1}\n");
        Assert.Equal("renewed", Assert.Single(AuditLog.Read(FilePath)).Action);
    }

    [Fact]
    public void Log_that_cannot_be_written_is_an_error_line_and_nothing_else()
    {
        new AuditLog(_folder["missing", "audit.jsonl"], _log).Write(First);
        Assert.Contains("cannot be written", Assert.Single(_log.Lines, line => line.Level == LogLevel.Error).Text);
    }

    [Fact]
    public void What_has_become_too_large_is_put_aside_and_the_oldest_of_it_goes()
    {
        var limits = new AuditSection { MaxBytes = Size(First), Keep = 2 };
        var log = new AuditLog(FilePath, _log, () => limits);
        var entries = Enumerable.Range(1, 5).Select(number => First with { NewSerial = $"0{number}" }).ToList();

        foreach (var entry in entries) log.Write(entry);

        Assert.Equal(entries[2..], AuditLog.Read(FilePath));
        Assert.Equal(["audit.000003.jsonl", "audit.000004.jsonl", "audit.jsonl"], Names());

        // As a reload changes them.
        limits = limits with { MaxBytes = 1_000_000 };
        log.Write(First);
        limits = new AuditSection { MaxBytes = Size(First), Keep = 1 };
        log.Write(First);
        Assert.Equal(["audit.000005.jsonl", "audit.jsonl"], Names());
    }

    [Fact]
    public void An_entry_larger_than_a_file_may_be_has_one_of_its_own()
    {
        var log = new AuditLog(FilePath, _log, () => new AuditSection { MaxBytes = 10, Keep = 3 });

        log.Write(First);
        log.Write(First);

        Assert.Equal(["audit.000001.jsonl", "audit.jsonl"], Names());
        Assert.Equal([First, First], AuditLog.Read(FilePath));
    }

    [Fact]
    public void A_log_that_cannot_be_put_aside_grows_on_and_says_so()
    {
        Directory.CreateDirectory(_folder["audit.000001.jsonl", "in the way"]);
        var log = new AuditLog(FilePath, _log, () => new AuditSection { MaxBytes = 10, Keep = 1 });

        log.Write(First);
        log.Write(First);

        Assert.Equal([First, First], AuditLog.Read(FilePath));
        Assert.Contains("audit.jsonl", Assert.Single(_log.Lines, line => line.Level == LogLevel.Error).Text);

        Directory.Delete(_folder["audit.000001.jsonl"], recursive: true);
        log.Write(First);
        Assert.Equal(["audit.000001.jsonl", "audit.jsonl"], Names());
    }

    /// <summary>Whatever moment a crash finds, each entry is in one file, and the next one has its place.</summary>
    [Fact]
    public void A_crash_amid_a_rotation_loses_nothing()
    {
        var states = 0;
        DurableFile.Step.Value = () =>
        {
            // There is none before the first has been written.
            states++;
            Assert.All(AuditLog.Read(FilePath), entry => Assert.Equal(First, entry));
        };
        new AuditLog(FilePath, _log).Write(First);
        new AuditLog(FilePath, _log, () => new AuditSection { MaxBytes = 10, Keep = 3 }).Write(First);
        DurableFile.Step.Value = null;
        Assert.True(states >= 4);
        Assert.Equal(2, AuditLog.Read(FilePath).Count);

        // After the rename, before the new file.
        File.Delete(FilePath);
        new AuditLog(FilePath, _log, () => new AuditSection { MaxBytes = 10, Keep = 3 }).Write(First);
        Assert.Equal([First, First], AuditLog.Read(FilePath));
    }

    [Fact]
    public async Task Who_reads_while_it_is_rotated_misses_nothing_and_reads_nothing_twice()
    {
        var log = new AuditLog(FilePath, _log, () => new AuditSection { MaxBytes = 10, Keep = 1000 });
        log.Write(First with { OldSerial = "0" });
        var writing = Task.Run(() =>
        {
            for (var i = 1; i < 200; i++) log.Write(First with { OldSerial = $"{i}" });
        });

        while (!writing.IsCompleted)
        {
            var read = AuditLog.Read(FilePath).Select(entry => int.Parse(entry.OldSerial!, System.Globalization.CultureInfo.InvariantCulture)).ToList();
            Assert.Equal(Enumerable.Range(0, read.Count), read);
        }

        await writing;
        Assert.Equal(200, AuditLog.Read(FilePath).Count);
    }

    [Theory]
    [InlineData("audit.jsonl.1")]
    [InlineData("audit.-1.jsonl")]
    [InlineData("audit.1x.jsonl")]
    [InlineData("audit..jsonl")]
    [InlineData("audit.99999999999999999999.jsonl")]
    [InlineData("audit.0.jsonl")]
    [InlineData("audit.9223372036854775807.jsonl")]
    public void Other_files_are_neither_read_nor_removed(string name)
    {
        File.WriteAllText(_folder[name], "{\"action\":\"renewed\",\"why\":\"ari\",\"who\":\"loop\"}\n");
        var log = new AuditLog(FilePath, _log, () => new AuditSection { MaxBytes = 10, Keep = 1 });

        for (var i = 0; i < 3; i++) log.Write(First);

        Assert.Equal([First, First], AuditLog.Read(FilePath));
        Assert.True(File.Exists(_folder[name]));
    }

    /// <summary>One entry and no two.</summary>
    int Size(AuditEntry entry)
    {
        using var folder = new TemporaryDirectory();
        new AuditLog(folder["one"], _log).Write(entry);
        return (int)new FileInfo(folder["one"]).Length + 40;
    }


    IEnumerable<string?> Names() => Directory.GetFiles(_folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal);
}
