using System.Globalization;
using System.Text;

namespace ImGateway.Edge.Storage;

/// <summary>
/// <c>DataDirectory/lock</c>: held by the process that writes, because two processes overlap during an upgrade. The system releases it with the process,
/// however it ends. The file contains the process id and the number of times the lock was taken.
/// </summary>
sealed class WriterLock : IDisposable
{
    /// <summary>An upper bound of its size.</summary>
    const int MostBytes = 64;

    readonly FileStream _file;

    WriterLock(FileStream file) => _file = file;

    /// <summary>Why the process id could not be written; null if it was. The lock is held in either case.</summary>
    public string? Problem { get; private set; }

    /// <summary>The number of times the lock was taken, including this one.</summary>
    public long Count { get; private set; } = 1;

    /// <summary>Null if another process holds the lock.</summary>
    /// <exception cref="IOException">The lock cannot be taken for another reason.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be opened.</exception>
    public static WriterLock? TryTake(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None, BufferSize = 0 };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = DurableFile.OwnerOnly;
        try
        {
            var taken = new WriterLock(new FileStream(path, options));
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
            // The id is only information for operators.
            Problem = e.Message.TrimEnd('.');
        }
    }

    /// <summary>0 for a new file, or one of a version without a count.</summary>
    long ReadCount()
    {
        var content = new byte[MostBytes];
        var lines = Encoding.ASCII.GetString(content, 0, _file.ReadAtLeast(content, content.Length, throwOnEndOfStream: false)).Split('\n');
        _file.Seek(0, SeekOrigin.Begin);
        return lines.Length > 1 && long.TryParse(lines[1], NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : 0;
    }

    /// <summary>Whether the error means that another process holds the lock: EWOULDBLOCK of flock(2), or a sharing violation on Windows.</summary>
    static bool IsHeld(IOException e) =>
        e.GetType() == typeof(IOException) && e.HResult == (OperatingSystem.IsWindows() ? unchecked((int)0x80070020) : OperatingSystem.IsMacOS() ? 35 : 11);
}
