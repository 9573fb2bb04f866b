using ImGateway.Edge.Certificates.Files;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Certificates;

/// <summary>A folder is watched once for as long as it is the same folder: a watch that is made anew costs an inotify instance and misses events.</summary>
public sealed class WatchedFoldersTests : IDisposable
{
    readonly TemporaryDirectory _folder = new();
    readonly LogCollector<WatchedFolders> _log = new();
    readonly WatchedFolders _watched;
    readonly string _file;

    public WatchedFoldersTests()
    {
        _watched = new WatchedFolders(() => { }, _log);
        _file = _folder["tls", "tls.crt"];
        Directory.CreateDirectory(_folder["tls"]);
        File.WriteAllText(_file, "1");
        Assert.Equal(1, WatchesAfterFollowing());
    }

    public void Dispose()
    {
        _watched.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void A_folder_whose_files_and_dates_change_stays_watched()
    {
        File.WriteAllText(_folder["tls", "other"], "a file more");
        Assert.Equal(1, WatchesAfterFollowing());
        File.Move(_folder["tls", "other"], _file, overwrite: true);
        Assert.Equal(1, WatchesAfterFollowing());
        Directory.SetLastWriteTimeUtc(_folder["tls"], DateTime.UnixEpoch);
        Assert.Equal(1, WatchesAfterFollowing());
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(_folder["tls"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Assert.Equal(1, WatchesAfterFollowing());
    }

    [Fact]
    public void A_folder_that_is_made_anew_under_its_name_is_watched_anew()
    {
        // Some file systems give the new folder the number of the old one.
        Directory.Delete(_folder["tls"], recursive: true);
        Directory.CreateDirectory(_folder["tls"]);
        Assert.Equal(2, WatchesAfterFollowing());
    }

    [Fact]
    public void A_folder_that_takes_the_place_of_another_is_watched_anew()
    {
        Directory.CreateDirectory(_folder["next"]);
        Directory.Move(_folder["tls"], _folder["before"]);
        Directory.Move(_folder["next"], _folder["tls"]);
        Assert.Equal(2, WatchesAfterFollowing());
    }

    [Fact]
    public void A_folder_that_was_away_is_watched_when_it_is_back()
    {
        Directory.Move(_folder["tls"], _folder["away"]);
        Assert.Equal(1, WatchesAfterFollowing());
        Directory.Move(_folder["away"], _folder["tls"]);
        Assert.Equal(2, WatchesAfterFollowing());
    }

    [Fact]
    public void What_is_no_folder_is_not_watched()
    {
        File.WriteAllText(_folder["file"], "");
        File.CreateSymbolicLink(_folder["loop"], _folder["loop"]);
        _watched.Follow([_folder["file", "x"], _folder["loop", "x"], _folder["none", "x"], _folder[new string('x', 300), "x"], string.Concat(Enumerable.Repeat("/" + new string('y', 200), 30))]);
        Assert.Single(_log.Lines);
    }

    int WatchesAfterFollowing()
    {
        _watched.Follow([_file]);
        return _log.Lines.Count(line => line.Text == $"{_folder["tls"]}: is watched for changed files");
    }
}
