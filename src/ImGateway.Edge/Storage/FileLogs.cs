namespace ImGateway.Edge.Storage;

/// <summary>Logs as files, one line an entry, put aside when they have become large (<see cref="RotatedFiles"/>).</summary>
sealed class FileLogs(DiskSteps steps)
{
    readonly Lock _lock = new();

    /// <summary>Logs that end with a whole line.</summary>
    readonly HashSet<string> _whole = new(StringComparer.Ordinal);

    readonly Dictionary<(string Path, int MostBytes), FileLogTail> _tails = [];

    /// <returns>Null, or why the log was not put aside.</returns>
    public string? Append(string path, ReadOnlySpan<byte> line, LogRetention retention)
    {
        lock (_lock)
        {
            var problem = TryRotate(path, line.Length + 1, retention);
            // Its folder's entry for it is then as durable as what is in it.
            if (!File.Exists(path)) DurableFile.Write(path, [], steps);
            Append(path, line);
            return problem;
        }
    }

    /// <summary>Newest first; the same list as before where nothing has changed.</summary>
    public IReadOnlyList<string> ReadLastLines(string path, int mostBytes)
    {
        lock (_tails)
        {
            if (!_tails.TryGetValue((path, mostBytes), out var tail)) _tails[(path, mostBytes)] = tail = new FileLogTail(path, mostBytes);
            return tail.Lines();
        }
    }

    /// <summary>From all its files, also while they are rotated. No file, no lines.</summary>
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

    /// <summary>A log that is too large is better than one with an entry missing.</summary>
    string? TryRotate(string path, int more, LogRetention retention)
    {
        try
        {
            RotatedFiles.Rotate(path, more, retention, steps);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e.Message.TrimEnd('.');
        }
    }

    void Append(string path, ReadOnlySpan<byte> line)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
        if (!_whole.Contains(path)) Repair(file);
        var end = file.Seek(0, SeekOrigin.End);
        try
        {
            file.Write([.. line, (byte)'\n']);
            RandomAccess.FlushToDisk(file.SafeFileHandle);
            _whole.Add(path);
        }
        catch (IOException)
        {
            // Half a line on a full disk would spoil the next one.
            _whole.Remove(path);
            file.SetLength(end);
            throw;
        }
    }

    /// <summary>A crash may have left half a line: what follows begins on one of its own.</summary>
    static void Repair(FileStream file)
    {
        if (file.Length == 0) return;
        file.Seek(-1, SeekOrigin.End);
        if (file.ReadByte() != '\n') file.Write("\n"u8);
    }
}
