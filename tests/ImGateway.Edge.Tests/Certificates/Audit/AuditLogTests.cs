using ImGateway.Edge.Certificates.Audit;
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
}
