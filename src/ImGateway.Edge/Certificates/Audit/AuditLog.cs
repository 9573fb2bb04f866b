using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;

namespace ImGateway.Edge.Certificates.Audit;

/// <summary>
/// <c>audit.jsonl</c> in the storage: every change of a certificate or an account, one JSON object per line, durable when the write returns.
/// Each entry is also logged under a separate log source, so that it can be sent to other systems.
/// </summary>
/// <param name="logger">The logger for <see cref="Category"/>.</param>
/// <param name="limits">Returns the current limits.</param>
sealed partial class AuditLog(IStorage storage, ILogger logger, Func<AuditSection> limits)
{
    public const string Category = "ImGateway.Edge.Audit";

    /// <summary>The storage key.</summary>
    public const string Key = "audit.jsonl";

    /// <summary>Entries of one append: some 100 KB.</summary>
    const int LargestAppend = 250;

    static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    /// <summary>Does not throw if the log cannot be written: that is logged as an error, and does not stop the edge.</summary>
    public async Task WriteAsync(params IReadOnlyList<AuditEntry> entries)
    {
        // Together, because each append waits for the disk.
        foreach (var chunk in entries.Chunk(LargestAppend)) await AppendAsync(chunk);
        foreach (var entry in entries)
        {
            Audited(entry.Action, entry.Host ?? "account", entry.Why, entry.Who, entry.OldSerial, entry.NewSerial, entry.SpkiSha256,
                entry.Issuer, entry.ChainLength, entry.Profile, entry.Detail);
        }
    }

    async Task AppendAsync(IEnumerable<AuditEntry> entries)
    {
        try
        {
            var section = limits();
            // No cancellation: a change that has happened is recorded also while the edge stops.
            var problem = await storage.AppendAsync(Key, Encoding.UTF8.GetBytes(string.Join('\n', entries.Select(entry => JsonSerializer.Serialize(entry, Json)))), new LogRetention(section.MaxBytes, section.Keep), CancellationToken.None);
            if (problem is not null) NotRotated(storage.LocationOf(Key), problem);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            NotWritten(storage.LocationOf(Key), e.Message.TrimEnd('.'));
        }
    }

    /// <summary>Returns entries, oldest first, also during a rotation. Invalid lines are skipped.</summary>
    /// <param name="keep">The filter: only matching entries are kept in memory.</param>
    /// <exception cref="IOException">The log cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">Access is denied.</exception>
    public static async Task<IReadOnlyList<AuditEntry>> ReadAsync(IStorage storage, Func<AuditEntry, bool> keep, CancellationToken cancellationToken)
    {
        List<AuditEntry> entries = [];
        await foreach (var line in storage.ReadLinesAsync(Key, cancellationToken))
        {
            if (Parse(line) is { } entry && keep(entry)) entries.Add(entry);
        }

        return entries;
    }

    internal static AuditEntry? Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize<AuditEntry>(line, Json) is { Action: not null, Why: not null, Who: not null } entry ? entry : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    // Parameters that are not in the message are still properties of the event.
    [LoggerMessage(1, LogLevel.Information, "audit: {Host} {Action} ({Why}, by {Who})")]
    partial void Audited(string action, string host, string why, string who, string? oldSerial, string? newSerial, string? spkiSha256,
        string? issuer, int? chainLength, string? profile, string? detail);

    [LoggerMessage(2, LogLevel.Error, "{Path}: the audit log cannot be written: {Why}; see to the space in DataDirectory and to its owner")]
    partial void NotWritten(string path, string why);

    [LoggerMessage(3, LogLevel.Error, "{Path}: the audit log cannot be put aside, or what was put aside before not be removed, and grows beyond Edge:Audit: {Why}; see to the owner of DataDirectory")]
    partial void NotRotated(string path, string why);
}
