using System.Text;

namespace ImGateway.Edge.Certificates;

/// <summary>
/// <c>DataDirectory/lock</c>: who writes the store, where two processes overlap during an upgrade. The system releases it with its process,
/// however that ends.
/// </summary>
sealed class StoreLock : IDisposable
{
    readonly FileStream _file;

    StoreLock(FileStream file) => _file = file;

    /// <summary>Null where another process holds it.</summary>
    public static StoreLock? TryTake(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None, BufferSize = 0 };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = DurableFile.OwnerOnly;
        try
        {
            var file = new FileStream(path, options);
            file.SetLength(0);
            file.Write(Encoding.ASCII.GetBytes($"{Environment.ProcessId}\n"));
            return new StoreLock(file);
        }
        catch (IOException)
        {
            return null;
        }
    }

    public void Dispose() => _file.Dispose();
}
