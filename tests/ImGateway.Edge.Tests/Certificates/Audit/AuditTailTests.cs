using ImGateway.Edge.Certificates.Audit;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;
using ImGateway.Edge.Tests.Storage;
using ImGateway.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace ImGateway.Edge.Tests.Certificates.Audit;

public sealed class AuditTailTests : IDisposable
{
    readonly TemporaryDirectory _directory = new();

    static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    string Path => _directory["audit.jsonl"];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task The_newest_come_first_and_new_ones_are_seen()
    {
        using var storage = await Writers.OpenAsync(_directory.Path);
        var (log, tail) = (new AuditLog(storage, NullLogger.Instance, () => new AuditSection()), new AuditTail(storage));
        Assert.Empty((await tail.LastAsync(20, Cancelled))!);

        for (var i = 0; i < 25; i++) await log.WriteAsync(Entry(i));
        Assert.Equal(Enumerable.Range(5, 20).Reverse().Select(i => $"host {i}"), (await tail.LastAsync(20, Cancelled))!.Select(entry => entry.Host));

        await log.WriteAsync(Entry(25));
        Assert.Equal("host 25", (await tail.LastAsync(20, Cancelled))![0].Host);
    }

    [Fact]
    public async Task However_long_the_log_is_only_its_end_is_read()
    {
        var line = Line(1);
        File.WriteAllText(Path, string.Concat(Enumerable.Repeat(line, 1 + (1_000_000 / line.Length))) + Line(2));

        var entries = (await ReadAsync(int.MaxValue))!;

        Assert.Equal("host 2", entries[0].Host);
        Assert.InRange(entries.Count, (AuditTail.MostBytes / line.Length) - 2, AuditTail.MostBytes / line.Length);
    }

    [Fact]
    public async Task After_a_rotation_what_was_put_aside_last_is_seen_too()
    {
        using var storage = await Writers.OpenAsync(_directory.Path);
        var (log, tail) = (new AuditLog(storage, NullLogger.Instance, () => new AuditSection { MaxBytes = 1000, Keep = 10 }), new AuditTail(storage));
        Assert.Empty((await tail.LastAsync(20, Cancelled))!);

        for (var i = 0; i < 20; i++)
        {
            await log.WriteAsync(Entry(i));
            Assert.Equal(Enumerable.Range(0, i + 1).Reverse().Take(5).Select(number => $"host {number}"), (await tail.LastAsync(5, Cancelled))!.Select(entry => entry.Host));
        }

        File.Delete(Path);
        Assert.StartsWith("host 1", (await tail.LastAsync(1, Cancelled))!.Single().Host, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"time\":\"2026-11-24T12:00:")]
    [InlineData("no JSON\n")]
    [InlineData("{}\n")]
    [InlineData("\0\0\0\0")]
    [InlineData("\u00E9\n\n\n")]
    public async Task What_is_no_entry_is_passed_over(string rest)
    {
        File.WriteAllText(Path, Line(7) + rest);

        Assert.Equal(["host 7"], (await ReadAsync(20))!.Select(entry => entry.Host));
    }

    [Fact]
    public async Task A_line_longer_than_what_is_read_hides_what_is_before_it_and_nothing_after()
    {
        File.WriteAllText(Path, Line(1) + new string('x', 2 * AuditTail.MostBytes) + "\n" + Line(2));

        Assert.Equal(["host 2"], (await ReadAsync(20))!.Select(entry => entry.Host));
    }

    [Fact]
    public async Task A_log_that_cannot_be_read_is_distinguished_from_an_empty_one()
    {
        Directory.CreateDirectory(Path);
        Assert.Empty((await ReadAsync(20))!);
        Directory.Delete(Path);
        File.CreateSymbolicLink(Path, "/proc/self/mem");
        Assert.Null(await ReadAsync(20));
    }

    async Task<IReadOnlyList<AuditEntry>?> ReadAsync(int count)
    {
        using var storage = FileStorage.In(new EdgeOptions { DataDirectory = _directory.Path }, TimeProvider.System, NullLoggerFactory.Instance);
        return await new AuditTail(storage).LastAsync(count, Cancelled);
    }

    static AuditEntry Entry(int number) => new(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero), AuditActions.Installed, $"host {number}", "file", "im.crt");

    static string Line(int number) => $$"""{"time":"2026-11-24T12:00:00+00:00","action":"installed","host":"host {{number}}","why":"file","who":"im.crt"}""" + "\n";
}
