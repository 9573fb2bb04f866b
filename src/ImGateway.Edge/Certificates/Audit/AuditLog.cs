using System.Text.Json;
using System.Text.Json.Serialization;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;

namespace ImGateway.Edge.Certificates.Audit;

/// <summary>
/// <c>DataDirectory/audit.jsonl</c>: every change of a certificate or an account, one JSON object a line, on the disk before the next
/// thing happens. Everything is logged under a source of its own too, so that it can be shipped elsewhere. Written, and put aside when it has become
/// large (<see cref="RotatedFiles"/>), by the process that holds the store's lock.
/// </summary>
public sealed partial class AuditLog
{
    /// <summary>The log source.</summary>
    public const string Category = "ImGateway.Edge.Audit";

    static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    readonly FileLogs _files = new();
    readonly string _path;
    readonly Func<AuditSection> _limits;
    readonly ILogger _logger;

    /// <param name="path">Of the file.</param>
    /// <param name="logger">Of <see cref="Category"/>.</param>
    /// <param name="limits">Those in force; null: the defaults.</param>
    public AuditLog(string path, ILogger logger, Func<AuditSection>? limits = null) => (_path, _logger, _limits) = (path, logger, limits ?? (() => new AuditSection()));

    /// <summary>Where the log of an edge is.</summary>
    public static string PathIn(EdgeOptions options) => Path.Combine(options.DataDirectory, "audit.jsonl");

    LogRetention Retention
    {
        get
        {
            var limits = _limits();
            return new LogRetention(limits.MaxBytes, limits.Keep);
        }
    }

    /// <summary>Never throws: a log that cannot be written is an error line, and clients are served all the same.</summary>
    public void Write(AuditEntry entry)
    {
        var line = JsonSerializer.SerializeToUtf8Bytes(entry, Json);
        try
        {
            if (_files.Append(_path, line, Retention) is { } problem) NotRotated(_path, problem);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            NotWritten(_path, e.Message.TrimEnd('.'));
        }

        Audited(entry.Action, entry.Host ?? "account", entry.Why, entry.Who, entry.OldSerial, entry.NewSerial, entry.SpkiSha256,
            entry.Issuer, entry.ChainLength, entry.Profile, entry.Detail);
    }

    /// <summary>Oldest first, from all its files, also while they are rotated. Lines that are no entries are passed over; no file, no entries.</summary>
    /// <param name="keep">Which of them are wanted; null: all. Only these are held in memory.</param>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static IReadOnlyList<AuditEntry> Read(string path, Func<AuditEntry, bool>? keep = null)
    {
        return [.. FileLogs.ReadLines(path).Select(Parse).OfType<AuditEntry>().Where(entry => keep?.Invoke(entry) is not false)];
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
