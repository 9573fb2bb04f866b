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

    /// <summary>Why the process's id is not in the file; null where it is. The lock holds all the same.</summary>
    public string? Problem { get; private set; }

    /// <summary>Null where another process holds it.</summary>
    /// <exception cref="IOException">It cannot be had for another reason.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be opened.</exception>
    public static StoreLock? TryTake(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None, BufferSize = 0 };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = DurableFile.OwnerOnly;
        try
        {
            var taken = new StoreLock(new FileStream(path, options));
            taken.WriteOwner();
            return taken;
        }
        catch (IOException e) when (IsHeld(e))
        {
            return null;
        }
    }

    public void Dispose() => _file.Dispose();

    void WriteOwner()
    {
        try
        {
            _file.SetLength(0);
            _file.Write(Encoding.ASCII.GetBytes($"{Environment.ProcessId}\n"));
        }
        catch (IOException e)
        {
            // The id is for people who look into the file.
            Problem = e.Message.TrimEnd('.');
        }
    }

    /// <summary>Of all that opening can meet, only this means another process: EWOULDBLOCK of flock(2), or Windows' sharing violation.</summary>
    static bool IsHeld(IOException e) =>
        e.GetType() == typeof(IOException) && e.HResult == (OperatingSystem.IsWindows() ? unchecked((int)0x80070020) : OperatingSystem.IsMacOS() ? 35 : 11);
}
