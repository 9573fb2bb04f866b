using System.Text;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Storage;

/// <summary>
/// The last lines of a log's files. Reads only the end of the files, and only if it has changed. If the log has just been rotated, the end of the
/// newest rotated file is read too.
/// </summary>
sealed class FileLogTail(string path, int mostBytes)
{
    (long Length, DateTime Written, long Rotated) _seen = (-1, default, 0);
    IReadOnlyList<string> _lines = [];

    /// <summary>Newest first. The newest may be a partial line that is still being written.</summary>
    public IReadOnlyList<string> Lines()
    {
        var file = new FileInfo(path);
        var rotated = RotatedFiles.Rotated(path);
        if (!file.Exists && rotated.Count == 0) return [];
        var now = (Length: file.Exists ? file.Length : 0, file.Exists ? file.LastWriteTimeUtc : default, rotated.Count == 0 ? 0 : rotated[^1].Number);
        if (now == _seen) return _lines;
        _lines = file.Exists ? Read(path, mostBytes) : [];
        if (now.Length < mostBytes && rotated.Count > 0) _lines = [.. _lines, .. Read(rotated[^1].Path, mostBytes - (int)now.Length)];
        _seen = now;
        return _lines;
    }

    static List<string> Read(string path, int most)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        var start = Math.Max(0, file.Length - most);
        file.Seek(start, SeekOrigin.Begin);
        var end = new byte[most];
        var lines = Encoding.UTF8.GetString(ByteOrderMark.Skip(end.AsSpan(0, file.ReadAtLeast(end, end.Length, throwOnEndOfStream: false)))).Split('\n');
        // If reading began in the middle of a line, the first line is incomplete.
        return [.. lines.Skip(start > 0 ? 1 : 0).Where(line => line.Length > 0).Reverse()];
    }
}
