using System.Text.Json;
using System.Text.Json.Serialization;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;

namespace ImGateway.Edge.Certificates.Audit;

/// <summary>
/// <c>audit.jsonl</c> in the storage: every change of a certificate or an account, one JSON object a line, durable before the next thing happens.
/// Everything is logged under a source of its own too, so that it can be shipped elsewhere.
/// </summary>
/// <param name="logger">Of <see cref="Category"/>.</param>
/// <param name="limits">Those in force; null: the defaults.</param>
sealed partial class AuditLog(IStorage storage, ILogger logger, Func<AuditSection>? limits = null)
{
    /// <summary>The log source.</summary>
    public const string Category = "ImGateway.Edge.Audit";

    /// <summary>In the storage.</summary>
    public const string Key = "audit.jsonl";

    static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    /// <summary>Never throws: a log that cannot be written is an error line, and clients are served all the same.</summary>
    public async Task WriteAsync(AuditEntry entry)
    {
        try
        {
            var section = limits?.Invoke() ?? new AuditSection();
            // What has happened is recorded, also while the edge stops.
            var problem = await storage.AppendAsync(Key, JsonSerializer.SerializeToUtf8Bytes(entry, Json), new LogRetention(section.MaxBytes, section.Keep), CancellationToken.None);
            if (problem is not null) NotRotated(storage.LocationOf(Key), problem);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            NotWritten(storage.LocationOf(Key), e.Message.TrimEnd('.'));
        }

        Audited(entry.Action, entry.Host ?? "account", entry.Why, entry.Who, entry.OldSerial, entry.NewSerial, entry.SpkiSha256,
            entry.Issuer, entry.ChainLength, entry.Profile, entry.Detail);
    }

    /// <summary>Oldest first, also while it is rotated. Lines that are no entries are passed over.</summary>
    /// <param name="keep">Which of them are wanted: only these are held in memory.</param>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
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

    // What the text leaves out are fields of the event all the same.
    [LoggerMessage(1, LogLevel.Information, "audit: {Host} {Action} ({Why}, by {Who})")]
    partial void Audited(string action, string host, string why, string who, string? oldSerial, string? newSerial, string? spkiSha256,
        string? issuer, int? chainLength, string? profile, string? detail);

    [LoggerMessage(2, LogLevel.Error, "{Path}: the audit log cannot be written: {Why}; see to the space in DataDirectory and to its owner")]
    partial void NotWritten(string path, string why);

    [LoggerMessage(3, LogLevel.Error, "{Path}: the audit log cannot be put aside, or what was put aside before not be removed, and grows beyond Edge:Audit: {Why}; see to the owner of DataDirectory")]
    partial void NotRotated(string path, string why);
}
