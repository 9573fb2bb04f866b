using ImGateway.Edge.Storage;

namespace ImGateway.Edge.Certificates.Audit;

/// <summary>The last entries of the audit log, for the status page, which polls every few seconds: the log is parsed only if it has changed.</summary>
sealed class AuditTail(IStorage storage)
{
    /// <summary>The most to read of the log: a few hundred entries of the usual length.</summary>
    internal const int MostBytes = 64 * 1024;

    volatile Parsed _last = new([], []);

    /// <summary>Newest first. Invalid lines, such as one that is being written, are skipped. Empty if there is no log.</summary>
    /// <returns>Null if the log cannot be read.</returns>
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
