using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Acme;

/// <summary>A file system of its own, in memory. Only root can mount it.</summary>
sealed class SmallDisk : IAsyncDisposable
{
    readonly TemporaryDirectory _directory = new();

    SmallDisk()
    {
    }

    public string Path => _directory["disk"];

    public static async Task<SmallDisk> MountAsync(int kibibytes)
    {
        var disk = new SmallDisk();
        Directory.CreateDirectory(disk.Path);
        await RunAsync("mount", "-t", "tmpfs", "-o", $"size={kibibytes}k,mode=0700", "tmpfs", disk.Path);
        return disk;
    }

    /// <summary>Takes all the space that is left, until <see cref="Empty"/>.</summary>
    public void Fill()
    {
        using var file = new FileStream(Filling, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        try
        {
            while (true) file.Write(new byte[4096]);
        }
        catch (IOException)
        {
            // Full.
        }
    }

    public void Empty() => File.Delete(Filling);

    public async ValueTask DisposeAsync()
    {
        await RunAsync("umount", "--lazy", Path);
        _directory.Dispose();
    }

    string Filling => System.IO.Path.Combine(Path, "filling");

    static async Task RunAsync(string program, params string[] arguments)
    {
        var result = await ExternalTool.RunAsync(program, arguments);
        if (result.ExitCode != 0) throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: {result.All}");
    }
}
