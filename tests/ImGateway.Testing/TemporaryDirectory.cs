namespace ImGateway.Testing;

/// <summary>A folder of the test, deleted afterwards.</summary>
public sealed class TemporaryDirectory : IDisposable
{
    TemporaryDirectory(string path) => Path = path;

    public TemporaryDirectory()
        : this(Directory.CreateTempSubdirectory("imgw-").FullName)
    {
    }

    public string Path { get; }

    public string this[params string[] parts] => System.IO.Path.Combine([Path, .. parts]);

    /// <summary>In memory, for tests that write thousands of files durably; on disk where a machine has no such place.</summary>
    public static TemporaryDirectory InMemory() => Directory.Exists("/dev/shm")
        ? new(Directory.CreateDirectory(System.IO.Path.Combine("/dev/shm", $"imgw-{Guid.NewGuid():N}")).FullName)
        : new();

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
