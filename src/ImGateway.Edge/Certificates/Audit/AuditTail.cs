using System.Text;

namespace ImGateway.Edge.Certificates.Audit;

/// <summary>
/// The last entries of the audit log, for those who ask every few seconds: however long the log has become, no more than its end is read,
/// and that only when it has changed.
/// </summary>
public sealed class AuditTail(string path)
{
    /// <summary>Of the file, at most: some hundred entries of the usual length.</summary>
    internal const int MostBytes = 64 * 1024;

    readonly Lock _lock = new();
    (long Length, DateTime Written) _seen = (-1, default);
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
        if (!file.Exists) return [];
        var now = (file.Length, file.LastWriteTimeUtc);
        if (now == _seen) return _entries;
        _entries = Read();
        _seen = now;
        return _entries;
    }

    List<AuditEntry> Read()
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        var start = Math.Max(0, file.Length - MostBytes);
        file.Seek(start, SeekOrigin.Begin);
        var end = new byte[MostBytes];
        var lines = Encoding.UTF8.GetString(end, 0, file.ReadAtLeast(end, end.Length, throwOnEndOfStream: false)).Split('\n');
        // The first is the end of a line where the reading began in the middle of one.
        return [.. lines.Skip(start > 0 ? 1 : 0).Reverse().Select(AuditLog.Parse).OfType<AuditEntry>()];
    }
}
