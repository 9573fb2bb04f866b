using System.Text;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;

namespace ImGateway.Edge.Certificates.Audit;

/// <summary>
/// The last entries of the audit log, for those who ask every few seconds: however long the log has become, no more than its end is read,
/// and that only when it has changed. Where it has just been rotated, the end of what was put aside is read too.
/// </summary>
public sealed class AuditTail(string path)
{
    /// <summary>Of the file, at most: some hundred entries of the usual length.</summary>
    internal const int MostBytes = 64 * 1024;

    readonly Lock _lock = new();
    (long Length, DateTime Written, long Rotated) _seen = (-1, default, 0);
    IReadOnlyList<AuditEntry> _entries = [];

    /// <summary>Newest first. What is no entry, such as a line that is being written, is passed over; no file, no entries.</summary>
    /// <returns>Null: the log cannot be read.</returns>
    public IReadOnlyList<AuditEntry>? Last(int count)
    {
        try
        {
            lock (_lock) return [.. Entries().Take(count)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    IReadOnlyList<AuditEntry> Entries()
    {
        var file = new FileInfo(path);
        var rotated = RotatedFiles.Rotated(path);
        if (!file.Exists && rotated.Count == 0) return [];
        var now = (file.Exists ? file.Length : 0, file.Exists ? file.LastWriteTimeUtc : default, rotated.Count == 0 ? 0 : rotated[^1].Number);
        if (now == _seen) return _entries;
        _entries = file.Exists ? Read(path, MostBytes) : [];
        if (now.Item1 < MostBytes && rotated.Count > 0) _entries = [.. _entries, .. Read(rotated[^1].Path, MostBytes - (int)now.Item1)];
        _seen = now;
        return _entries;
    }

    static List<AuditEntry> Read(string path, int most)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        var start = Math.Max(0, file.Length - most);
        file.Seek(start, SeekOrigin.Begin);
        var end = new byte[most];
        var lines = Encoding.UTF8.GetString(ByteOrderMark.Skip(end.AsSpan(0, file.ReadAtLeast(end, end.Length, throwOnEndOfStream: false)))).Split('\n');
        // The first is the end of a line where the reading began in the middle of one.
        return [.. lines.Skip(start > 0 ? 1 : 0).Reverse().Select(AuditLog.Parse).OfType<AuditEntry>()];
    }
}
