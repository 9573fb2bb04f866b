using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using ImGateway.Edge.Certificates.Audit;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Configuration.Reading;
using ImGateway.Edge.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace ImGateway.Edge.Commands;

/// <summary>Reads the audit files directly, so that it works without a running edge.</summary>
static class AuditCommand
{
    const string SinceRemedy = "write a date such as 2027-01-31 or 2027-01-31T12:00:00Z, or how long ago: 12h, 7d or hh:mm:ss";

    static readonly string[] Durations = [@"hh\:mm\:ss", @"d\.hh\:mm\:ss"];

    public static Command Create(TimeProvider time)
    {
        var name = new Option<string?>("--name") { Description = "Only entries of this host or certificate", HelpName = "NAME" };
        var since = new Option<DateTimeOffset?>("--since")
        {
            Description = "Only entries since then: a date (UTC unless it has an offset), or how long ago, such as 12h, 7d, 00:30:00",
            HelpName = "DATE|DURATION",
            CustomParser = argument => ParseSince(argument, time.GetUtcNow()),
        };
        var (config, json) = (ConfigOption.Create(), new Option<bool>("--json") { Description = "Write a JSON array" });
        var command = new Command("audit", "Every change of a certificate or an account: what, when, why and by whom") { name, since, json, config };
        command.SetAction((parsed, cancellationToken) => ShowAsync(
            parsed.GetValue(name), parsed.GetValue(since), parsed.GetValue(json), parsed.GetValue(config), parsed.InvocationConfiguration, cancellationToken));
        return command;
    }

    static async Task<int> ShowAsync(string? name, DateTimeOffset? since, bool json, string? configFile, InvocationConfiguration console, CancellationToken cancellationToken)
    {
        // Only DataDirectory is needed; other problems of the configuration are ignored.
        using var storage = FileStorage.In(EdgeConfiguration.Read(EdgeConfiguration.Load(configFile)).Draft, TimeProvider.System, NullLoggerFactory.Instance);
        var entries = await ReadAsync(
            storage, entry => (since is null || entry.Time >= since) && (name is null || (entry.Host is { } host && IsNamed(host, name))), cancellationToken);
        if (json) await JsonOption.WriteAsync(console.Output, entries);
        else if (entries.Count == 0) await console.Output.WriteLineAsync("nothing is recorded");
        else new TextTable(["Time", "Host", "Action", "Why", "Who", "Serial", "Detail"], [.. entries.Select(Row)]).Write(console.Output);
        return ExitCodes.Success;
    }

    static async Task<IReadOnlyList<AuditEntry>> ReadAsync(FileStorage storage, Func<AuditEntry, bool> keep, CancellationToken cancellationToken)
    {
        try
        {
            return await AuditLog.ReadAsync(storage, keep, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserError($"{storage.LocationOf(AuditLog.Key)}: cannot be read ({e.Message.TrimEnd('.')}); run the verb as the user that the edge runs as, or as root", e);
        }
    }

    static bool IsNamed(string host, string name) =>
        name.Equals(host, StringComparison.OrdinalIgnoreCase) || name.Equals(host.Replace('*', '_'), StringComparison.OrdinalIgnoreCase)
        || (HostName.TryParse(name, out var parsed) && parsed.Value == host);

    static string[] Row(AuditEntry entry) =>
    [
        .. ((string?[])
        [
            $"{entry.Time:u}", entry.Host, entry.Action, entry.Why, entry.Who,
            (entry.OldSerial, entry.NewSerial) switch { (null, var only) => only, (var only, null) => only, var (old, next) => $"{next} for {old}" },
            entry.Detail,
        ]).Select(cell => SingleLine.Escape(cell ?? "")),
    ];

    static DateTimeOffset? ParseSince(ArgumentResult argument, DateTimeOffset now)
    {
        var text = argument.Tokens[0].Value;
        if (Ago(text) is { } ago && ago <= now - DateTimeOffset.UnixEpoch) return now - ago;
        if (char.IsAsciiDigit(text.FirstOrDefault()) && text.Contains('-')
            && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date)) return date;
        argument.AddError($"--since: {SingleLine.Quote(text)} is neither a date nor a duration; {SinceRemedy}");
        return null;
    }

    static TimeSpan? Ago(string text)
    {
        if (TimeSpan.TryParseExact(text, Durations, CultureInfo.InvariantCulture, out var duration)) return duration;
        if (text.Length < 2 || !ushort.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var count)) return null;
        return text[^1] switch
        {
            's' => TimeSpan.FromSeconds(count),
            'm' => TimeSpan.FromMinutes(count),
            'h' => TimeSpan.FromHours(count),
            'd' => TimeSpan.FromDays(count),
            'w' => TimeSpan.FromDays(count * 7),
            _ => null,
        };
    }
}
