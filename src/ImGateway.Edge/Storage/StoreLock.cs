using System.Globalization;
using System.Text;

namespace ImGateway.Edge.Storage;

/// <summary>
/// <c>DataDirectory/lock</c>: who writes the store, where two processes overlap during an upgrade. The system releases it with its process,
/// however that ends. Its lines are the process's id and how often the lock was taken.
/// </summary>
sealed class StoreLock : IDisposable
{
    /// <summary>More than is ever written to it.</summary>
    const int MostBytes = 64;

    readonly FileStream _file;

    StoreLock(FileStream file) => _file = file;

    /// <summary>Why the process's id is not in the file; null where it is. The lock holds all the same.</summary>
    public string? Problem { get; private set; }

    /// <summary>How often the lock was taken, this time included.</summary>
    public long Count { get; private set; } = 1;

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
            Count = ReadCount() + 1;
            _file.SetLength(0);
            _file.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId}\n{Count}\n")));
        }
        catch (IOException e)
        {
            // The id is for people who look into the file.
            Problem = e.Message.TrimEnd('.');
        }
    }

    /// <summary>0 where the file is new, or was written by a version that did not count.</summary>
    long ReadCount()
    {
        var content = new byte[MostBytes];
        var lines = Encoding.ASCII.GetString(content, 0, _file.ReadAtLeast(content, content.Length, throwOnEndOfStream: false)).Split('\n');
        _file.Seek(0, SeekOrigin.Begin);
        return lines.Length > 1 && long.TryParse(lines[1], NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : 0;
    }

    /// <summary>Of all that opening can meet, only this means another process: EWOULDBLOCK of flock(2), or Windows' sharing violation.</summary>
    static bool IsHeld(IOException e) =>
        e.GetType() == typeof(IOException) && e.HResult == (OperatingSystem.IsWindows() ? unchecked((int)0x80070020) : OperatingSystem.IsMacOS() ? 35 : 11);
}
