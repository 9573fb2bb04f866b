using System.Text.Json;
using System.Text.Json.Serialization;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates.Audit;

/// <summary>
/// <c>DataDirectory/audit.jsonl</c>: every change of a certificate or an account, one JSON object a line, on the disk before the next
/// thing happens. Everything is logged under a source of its own too, so that it can be shipped elsewhere. Written, and put aside when it has become
/// large (<see cref="AuditFiles"/>), by the process that holds the store's lock.
/// </summary>
public sealed partial class AuditLog
{
    /// <summary>The log source.</summary>
    public const string Category = "ImGateway.Edge.Audit";

    static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    readonly Lock _lock = new();
    readonly string _path;
    readonly Func<AuditSection> _limits;
    readonly ILogger _logger;
    bool _repaired;

    /// <param name="path">Of the file.</param>
    /// <param name="logger">Of <see cref="Category"/>.</param>
    /// <param name="limits">Those in force; null: the defaults.</param>
    public AuditLog(string path, ILogger logger, Func<AuditSection>? limits = null) => (_path, _logger, _limits) = (path, logger, limits ?? (() => new AuditSection()));

    /// <summary>Where the log of an edge is.</summary>
    public static string PathIn(EdgeOptions options) => Path.Combine(options.DataDirectory, "audit.jsonl");

    /// <summary>Never throws: a log that cannot be written is an error line, and clients are served all the same.</summary>
    public void Write(AuditEntry entry)
    {
        var line = JsonSerializer.SerializeToUtf8Bytes(entry, Json);
        try
        {
            lock (_lock) Append([.. line, (byte)'\n']);
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
        List<AuditEntry> entries = [];
        var files = AuditFiles.Open(path);
        try
        {
            foreach (var file in files)
            {
                using var lines = new StreamReader(file);
                while (lines.ReadLine() is { } line)
                {
                    if (Parse(line) is { } entry && keep?.Invoke(entry) is not false) entries.Add(entry);
                }
            }
        }
        finally
        {
            foreach (var file in files) file.Dispose();
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

    void Append(byte[] line)
    {
        RotateOrGrow(line.Length);
        // Its folder's entry for it is then as durable as what is in it.
        if (!File.Exists(_path)) DurableFile.Write(_path, []);
        using var file = new FileStream(_path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
        if (!_repaired) Repair(file);
        var end = file.Seek(0, SeekOrigin.End);
        try
        {
            file.Write(line);
            RandomAccess.FlushToDisk(file.SafeFileHandle);
            _repaired = true;
        }
        catch (IOException)
        {
            // Half a line on a full disk would spoil the next one.
            _repaired = false;
            file.SetLength(end);
            throw;
        }
    }

    /// <summary>A log that is too large is better than one with an entry missing.</summary>
    void RotateOrGrow(int more)
    {
        try
        {
            AuditFiles.Rotate(_path, more, _limits());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            NotRotated(_path, e.Message.TrimEnd('.'));
        }
    }

    /// <summary>A crash may have left half a line: what follows begins on one of its own.</summary>
    static void Repair(FileStream file)
    {
        if (file.Length == 0) return;
        file.Seek(-1, SeekOrigin.End);
        if (file.ReadByte() != '\n') file.Write("\n"u8);
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
