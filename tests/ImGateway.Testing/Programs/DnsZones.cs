using System.Text.RegularExpressions;

namespace ImGateway.Testing;

/// <summary>Zone files for a <see cref="NameServer"/>, signed by BIND's own tools from the root down.</summary>
public sealed partial class DnsZones : IDisposable
{
    readonly TemporaryDirectory _files = new();
    readonly Dictionary<string, string> _zones = new(StringComparer.Ordinal);

    /// <summary>Files by name of the zone; the root's is empty.</summary>
    public IReadOnlyDictionary<string, string> Zones => _zones;

    /// <summary>The root's DS record: tag, algorithm, type of digest, digest in quotation marks.</summary>
    public string RootAnchor { get; private set; } = "";

    /// <summary>Adds a zone that is not signed.</summary>
    /// <param name="records">In the form of zone files, relative to the zone.</param>
    public DnsZones Add(string zone, params string[] records)
    {
        var file = _files[FileOf(zone)];
        File.WriteAllLines(file, [$"$TTL 60", $"$ORIGIN {zone}.", "@ SOA ns admin 1 3600 600 86400 60", "@ NS ns", "ns A 127.0.0.1", .. records]);
        _zones[zone] = file;
        return this;
    }

    /// <summary>Adds a signed zone.</summary>
    /// <param name="expired">Its signatures have been so for a day.</param>
    public async Task AddSignedAsync(string zone, bool expired, params string[] records)
    {
        Add(zone, records);
        await SignAsync(zone, expired);
    }

    /// <summary>The root, with what leads to the zones there are; signed, with the DS records of those that are.</summary>
    public async Task AddRootAsync()
    {
        var delegations = _zones.Keys.SelectMany(zone => (string[])[$"{zone}. NS ns.{zone}.", $"ns.{zone}. A 127.0.0.1", .. DsOf(zone)]).ToArray();
        Add("", delegations);
        await SignAsync("", expired: false);
        RootAnchor = Ds().Match(DsOf("").First()).Groups["ds"].Value is var ds && ds.Split(' ', 4) is [var tag, var algorithm, var type, var digest]
            ? $"{tag} {algorithm} {type} \"{digest.Replace(" ", "", StringComparison.Ordinal)}\""
            : throw new InvalidOperationException("the root was not signed");
    }

    /// <summary>Changes what is signed, as a name server does whose signer has failed.</summary>
    public void Replace(string zone, string old, string with) =>
        File.WriteAllText(_zones[zone], File.ReadAllText(_zones[zone]).Replace(old, with, StringComparison.Ordinal));

    public void Dispose() => _files.Dispose();

    async Task SignAsync(string zone, bool expired)
    {
        var name = zone.Length == 0 ? "." : zone;
        await RunAsync(ExternalTool.DnssecKeygen, "-q", "-K", _files.Path, "-a", "ECDSAP256SHA256", "-f", "KSK", name);
        await RunAsync(ExternalTool.DnssecKeygen, "-q", "-K", _files.Path, "-a", "ECDSAP256SHA256", name);
        string[] times = expired ? ["-s", "now-864000", "-e", "now-86400"] : [];
        await RunAsync(ExternalTool.DnssecSignzone, ["-q", "-S", "-P", "-K", _files.Path, "-d", _files.Path, .. times, "-o", name, "-f", _files[$"{FileOf(zone)}.signed"], _files[FileOf(zone)]]);
        _zones[zone] = _files[$"{FileOf(zone)}.signed"];
    }

    IEnumerable<string> DsOf(string zone) => File.Exists(_files[$"dsset-{zone}."]) ? File.ReadAllLines(_files[$"dsset-{zone}."]) : [];

    static string FileOf(string zone) => zone.Length == 0 ? "root" : zone;

    static async Task RunAsync(string program, params string[] arguments)
    {
        var result = await ExternalTool.RunAsync(program, arguments);
        if (result.ExitCode != 0) throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: {result.All}");
    }

    [GeneratedRegex(@"DS\s+(?<ds>\d+ \d+ \d+ [0-9A-F ]+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Ds();
}
