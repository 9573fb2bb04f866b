using ImGateway.Edge.Storage;

namespace ImGateway.Edge.Certificates.Audit;

/// <summary>The last entries of the audit log, for the status page, which asks every few seconds: they are parsed when the log has changed.</summary>
sealed class AuditTail(IStorage storage)
{
    /// <summary>Of the log, at most: some hundred entries of the usual length.</summary>
    internal const int MostBytes = 64 * 1024;

    volatile Parsed _last = new([], []);

    /// <summary>Newest first. What is no entry, such as a line that is being written, is passed over; no log, no entries.</summary>
    /// <returns>Null: the log cannot be read.</returns>
    public async Task<IReadOnlyList<AuditEntry>?> LastAsync(int count, CancellationToken cancellationToken)
    {
        try
        {
            var lines = await storage.ReadLastLinesAsync(AuditLog.Key, MostBytes, cancellationToken);
            var last = _last;
            if (!ReferenceEquals(lines, last.Lines)) _last = last = new Parsed(lines, [.. lines.Select(AuditLog.Parse).OfType<AuditEntry>()]);
            return [.. last.Entries.Take(count)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    sealed record Parsed(IReadOnlyList<string> Lines, IReadOnlyList<AuditEntry> Entries);
}
