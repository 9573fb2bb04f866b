using System.Diagnostics;
using ImGateway.Edge.Certificates.Files;
using ImGateway.Edge.Configuration;
using ImGateway.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace ImGateway.Edge.Tests.Certificates;

public sealed class CertificateFileWatcherTests : IDisposable
{
    static readonly TimeSpan Never = TimeSpan.FromDays(1);

    readonly TemporaryDirectory _folder = new();
    readonly FakeTimeProvider _time = new(TimeProvider.System.GetUtcNow());
    readonly CertificateFile _file;
    int _reads;

    public CertificateFileWatcherTests()
    {
        _file = new CertificateFile { Certificate = _folder["tls", "tls.crt"], Key = _folder["tls", "tls.key"] };
        Directory.CreateDirectory(_folder["tls"]);
        File.WriteAllText(_file.Certificate, "certificate 1");
        File.WriteAllText(_file.Key!, "key 1");
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_was_loaded_is_no_change()
    {
        using var watcher = Watch();
        Assert.Empty(watcher.Poll());
        Assert.Empty(watcher.Poll());
    }

    [Fact]
    public void In_place_rewrite_is_seen_once_it_stands_still()
    {
        using var watcher = Watch();
        File.WriteAllText(_file.Certificate, "certificate 2");
        AssertSeen(watcher, "certificate 2");
    }

    [Fact]
    public void Change_that_keeps_length_and_date_is_seen()
    {
        using var watcher = Watch();
        var written = File.GetLastWriteTimeUtc(_file.Key!);
        File.WriteAllText(_file.Key!, "key 2");
        File.SetLastWriteTimeUtc(_file.Key!, written);
        Assert.Empty(watcher.Poll());
        Assert.Single(watcher.Poll());
    }

    [Fact]
    public void Rename_over_the_file_is_seen()
    {
        using var watcher = Watch();
        File.WriteAllText(_folder["tls", "new"], "certificate 2");
        File.Move(_folder["tls", "new"], _file.Certificate, overwrite: true);
        AssertSeen(watcher, "certificate 2");
    }

    [Fact]
    public void Symlink_swap_as_kubernetes_does_it_is_seen()
    {
        var file = MountSecret("..2026_01", "certificate 1");
        using var watcher = Watch(file);
        MountSecret("..2026_02", "certificate 2");
        AssertSeen(watcher, "certificate 2");
    }

    [Fact]
    public void A_poll_reads_no_file_whose_status_has_been_the_same_for_a_while()
    {
        using var watcher = Watch();
        Assert.Equal(4, Enumerable.Range(0, 10).Sum(_ => ReadsOfNextPoll(watcher)));

        // The new status may hide a further write, until the clock of the file system has moved on.
        File.WriteAllText(_file.Key!, "key 2");
        Assert.Equal(1, ReadsOfNextPoll(watcher));
        watcher.MarkHandled(Assert.Single(watcher.Poll()).Contents);
        Assert.Equal(3, Enumerable.Range(0, 10).Sum(_ => ReadsOfNextPoll(watcher)));
    }

    [Fact]
    public void Each_minute_all_files_are_read_whatever_their_status()
    {
        using var watcher = Watch();
        Assert.Equal(4 + 2, Enumerable.Range(0, 121).Sum(_ => ReadsOfNextPoll(watcher)));
    }

    [Theory]
    [InlineData("written")]
    [InlineData("written, date kept")]
    [InlineData("renamed")]
    [InlineData("renamed, date kept")]
    [InlineData("deleted and made anew")]
    public void A_change_after_polls_without_a_read_is_seen(string change)
    {
        using var watcher = Watch();
        for (var poll = 0; poll < 10; poll++) ReadsOfNextPoll(watcher);
        var written = File.GetLastWriteTimeUtc(_file.Key!);

        if (change.StartsWith("deleted", StringComparison.Ordinal)) File.Delete(_file.Key!);
        var path = change.StartsWith("renamed", StringComparison.Ordinal) ? _folder["tls", "new"] : _file.Key!;
        File.WriteAllText(path, "key 2");
        if (change.EndsWith("date kept", StringComparison.Ordinal)) File.SetLastWriteTimeUtc(path, written);
        if (path != _file.Key) File.Move(path, _file.Key!, overwrite: true);

        Assert.Empty(watcher.Poll());
        Assert.Equal("key 2"u8.ToArray(), Assert.Single(watcher.Poll()).Contents.Key);
    }

    [Fact]
    public void A_symlink_swap_after_polls_without_a_read_is_seen()
    {
        using var watcher = Watch(MountSecret("..2026_01", "certificate 1"));
        for (var poll = 0; poll < 10; poll++) ReadsOfNextPoll(watcher);
        MountSecret("..2026_02", "certificate 2");
        AssertSeen(watcher, "certificate 2");
    }

    [Fact]
    public void A_change_that_is_not_handled_is_reported_at_each_poll()
    {
        using var watcher = Watch();
        File.WriteAllText(_file.Certificate, "certificate 2");
        ReadsOfNextPoll(watcher);
        for (var poll = 0; poll < 10; poll++)
        {
            Assert.Single(watcher.Poll());
            _time.Advance(FileWatcher.PollInterval);
        }
    }

    [Fact]
    public void Partial_write_is_not_final_until_it_stands_for_a_second()
    {
        using var watcher = Watch();
        File.WriteAllText(_file.Certificate, "certif");
        Assert.Empty(watcher.Poll());
        _time.Advance(TimeSpan.FromMilliseconds(900));
        Assert.False(Assert.Single(watcher.Poll()).IsFinal);
        File.WriteAllText(_file.Certificate, "certificate 2");
        Assert.Empty(watcher.Poll());
        _time.Advance(TimeSpan.FromMilliseconds(900));
        Assert.False(Assert.Single(watcher.Poll()).IsFinal);
        _time.Advance(TimeSpan.FromMilliseconds(100));
        Assert.True(Assert.Single(watcher.Poll()).IsFinal);
    }

    [Fact]
    public void Handled_content_is_not_reported_again_and_the_next_is()
    {
        using var watcher = Watch();
        File.WriteAllText(_file.Certificate, "certificate 2");
        watcher.Poll();
        watcher.MarkHandled(Assert.Single(watcher.Poll()).Contents);
        Assert.Empty(watcher.Poll());
        File.WriteAllText(_file.Certificate, "certificate 1");
        AssertSeen(watcher, "certificate 1");
    }

    [Fact]
    public void Content_that_is_put_back_at_once_is_no_change()
    {
        using var watcher = Watch();
        File.WriteAllText(_file.Certificate, "");
        Assert.Empty(watcher.Poll());
        File.WriteAllText(_file.Certificate, "certificate 1");
        Assert.Empty(watcher.Poll());
        Assert.Empty(watcher.Poll());
    }

    [Fact]
    public void Folder_deleted_and_made_anew_is_seen()
    {
        using var watcher = Watch();
        Directory.Delete(_folder["tls"], recursive: true);
        Assert.Empty(watcher.Poll());
        Assert.Equal(2, Assert.Single(watcher.Poll()).Contents.Problems.Count);
        Directory.CreateDirectory(_folder["tls"]);
        File.WriteAllText(_file.Certificate, "certificate 2");
        File.WriteAllText(_file.Key!, "key 2");
        AssertSeen(watcher, "certificate 2");
    }

    [Fact]
    public async Task A_poll_is_due_every_second()
    {
        using var watcher = Watch();
        var due = watcher.WaitAsync(TestContext.Current.CancellationToken);
        Assert.False(due.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));
        await due;
    }

    [Fact]
    public async Task An_event_makes_a_read_due_without_polling()
    {
        using var watcher = WatchByEventsAlone(_file);
        File.WriteAllText(_file.Certificate, "certificate 2");
        await SeenAsync(watcher, "certificate 2");
    }

    [Fact]
    public async Task Events_come_from_a_symlink_swap()
    {
        using var watcher = WatchByEventsAlone(MountSecret("..2026_01", "certificate 1"));
        MountSecret("..2026_02", "certificate 2");
        await SeenAsync(watcher, "certificate 2");
        MountSecret("..2026_03", "certificate 3");
        await SeenAsync(watcher, "certificate 3");
    }

    [Fact]
    public async Task Events_come_from_the_folder_a_link_leads_to()
    {
        Directory.CreateDirectory(_folder["archive"]);
        File.WriteAllText(_folder["archive", "cert.pem"], "certificate 1");
        File.CreateSymbolicLink(_folder["tls", "link.crt"], "../archive/cert.pem");
        using var watcher = WatchByEventsAlone(_file with { Certificate = _folder["tls", "link.crt"] });
        File.WriteAllText(_folder["archive", "cert.pem"], "certificate 2");
        await SeenAsync(watcher, "certificate 2");
    }

    [Fact]
    public async Task Events_come_again_after_the_folder_was_made_anew()
    {
        using var watcher = WatchByEventsAlone(_file);
        Directory.Delete(_folder["tls"], recursive: true);
        await SeenAsync(watcher, "");
        Directory.CreateDirectory(_folder["tls"]);
        // No event reports a new folder under an unwatched parent: the next poll finds it.
        watcher.Poll();
        File.WriteAllText(_file.Certificate, "certificate 2");
        await SeenAsync(watcher, "certificate 2");
    }

    [Fact]
    public async Task Cancellation_ends_the_wait()
    {
        using var watcher = Watch();
        using var cancelled = new CancellationTokenSource();
        var due = watcher.WaitAsync(cancelled.Token);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => due);
    }

    CertificateFileWatcher Watch(CertificateFile? file = null) => new([FileContents.Read(file ?? _file)], Read, _time, NullLogger<WatchedFolders>.Instance, FileWatcher.PollInterval);

    static CertificateFileWatcher WatchByEventsAlone(CertificateFile file) => new([FileContents.Read(file)], FileContents.Read, TimeProvider.System, NullLogger<WatchedFolders>.Instance, Never);

    FileContents Read(CertificateFile file)
    {
        _reads++;
        return FileContents.Read(file);
    }

    int ReadsOfNextPoll(CertificateFileWatcher watcher)
    {
        var before = _reads;
        watcher.Poll();
        _time.Advance(FileWatcher.PollInterval);
        return _reads - before;
    }

    static void AssertSeen(CertificateFileWatcher watcher, string certificate)
    {
        Assert.Empty(watcher.Poll());
        Assert.Equal(certificate, Text(Assert.Single(watcher.Poll())));
    }

    static async Task SeenAsync(CertificateFileWatcher watcher, string certificate)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(20));
        while (true)
        {
            await watcher.WaitAsync(patience.Token);
            if (watcher.Poll() is not [var changed] || Text(changed) != certificate) continue;
            watcher.MarkHandled(changed.Contents);
            return;
        }
    }

    static string Text(ChangedFile changed) => System.Text.Encoding.UTF8.GetString(changed.Contents.Certificate);

    /// <summary>As kubelet does: a folder by date, a link <c>..data</c> to it swapped by rename, and files that lead through the link.</summary>
    CertificateFile MountSecret(string version, string certificate)
    {
        var secret = Directory.CreateDirectory(_folder["secret"]).FullName;
        Directory.CreateDirectory(Path.Combine(secret, version));
        File.WriteAllText(Path.Combine(secret, version, "tls.crt"), certificate);
        File.WriteAllText(Path.Combine(secret, version, "tls.key"), certificate);
        File.CreateSymbolicLink(Path.Combine(secret, "..data_tmp"), version);
        // File.Move takes no link to a folder, Directory.Move replaces none.
        using (var rename = Process.Start("mv", ["-T", Path.Combine(secret, "..data_tmp"), Path.Combine(secret, "..data")])) rename.WaitForExit();
        foreach (var name in new[] { "tls.crt", "tls.key" })
        {
            if (!File.Exists(Path.Combine(secret, name))) File.CreateSymbolicLink(Path.Combine(secret, name), "..data/" + name);
        }

        return new CertificateFile { Certificate = Path.Combine(secret, "tls.crt"), Key = Path.Combine(secret, "tls.key") };
    }
}
