namespace ImGateway.Edge.Storage;

/// <summary>Logs as files, one line for each entry, rotated when they exceed a size (<see cref="RotatedFiles"/>).</summary>
sealed class FileLogs(DiskOperationHook hook)
{
    readonly Lock _lock = new();

    /// <summary>Logs that are known to end with a complete line.</summary>
    readonly HashSet<string> _whole = new(StringComparer.Ordinal);

    readonly Dictionary<(string Path, int MostBytes), FileLogTail> _tails = [];

    /// <returns>Null, or why the log was not rotated.</returns>
    public string? Append(string path, ReadOnlySpan<byte> lines, LogRetention retention)
    {
        lock (_lock)
        {
            var problem = TryRotate(path, lines.Length + 1, retention);
            // Makes the directory entry of a new log durable too.
            if (!File.Exists(path)) DurableFile.Write(path, [], hook);
            Append(path, lines);
            return problem;
        }
    }

    /// <summary>Newest first; the same list as before if nothing has changed.</summary>
    public IReadOnlyList<string> ReadLastLines(string path, int mostBytes)
    {
        lock (_tails)
        {
            if (!_tails.TryGetValue((path, mostBytes), out var tail)) _tails[(path, mostBytes)] = tail = new FileLogTail(path, mostBytes);
            return tail.Lines();
        }
    }

    /// <summary>The lines of all files of a log, even during a rotation; none if there is no file.</summary>
    public static IEnumerable<string> ReadLines(string path)
    {
        var files = RotatedFiles.Open(path);
        try
        {
            foreach (var file in files)
            {
                using var lines = new StreamReader(file);
                while (lines.ReadLine() is { } line) yield return line;
            }
        }
        finally
        {
            foreach (var file in files) file.Dispose();
        }
    }

    /// <summary>A log that is too large is better than a missing entry.</summary>
    string? TryRotate(string path, int more, LogRetention retention)
    {
        try
        {
            RotatedFiles.Rotate(path, more, retention, hook);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e.Message.TrimEnd('.');
        }
    }

    void Append(string path, ReadOnlySpan<byte> lines)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
        if (!_whole.Contains(path)) Repair(file);
        var end = file.Seek(0, SeekOrigin.End);
        try
        {
            file.Write([.. lines, (byte)'\n']);
            RandomAccess.FlushToDisk(file.SafeFileHandle);
            _whole.Add(path);
        }
        catch (IOException)
        {
            // A partial line on a full disk would corrupt the next entry.
            _whole.Remove(path);
            file.SetLength(end);
            throw;
        }
    }

    /// <summary>Ends a partial line that a crash may have left, so that the next entry begins on a line of its own.</summary>
    static void Repair(FileStream file)
    {
        if (file.Length == 0) return;
        file.Seek(-1, SeekOrigin.End);
        if (file.ReadByte() != '\n') file.Write("\n"u8);
    }
}
