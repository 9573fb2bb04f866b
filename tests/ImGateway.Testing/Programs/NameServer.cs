using System.Net;

namespace ImGateway.Testing;

/// <summary>BIND 9 on a port of loopback, UDP and TCP, until disposed of: with zones of its own, or as a resolver before another name server.</summary>
public sealed class NameServer : IAsyncDisposable
{
    readonly ExternalProcess _process;
    readonly TemporaryDirectory _files;

    NameServer(ExternalProcess process, TemporaryDirectory files, IPEndPoint address)
    {
        (_process, _files, Address) = (process, files, address);
        File.WriteAllText(ResolverFile, $"nameserver [{address.Address}]:{address.Port}\n");
    }

    public IPEndPoint Address { get; }

    /// <summary>Names it as resolv.conf does.</summary>
    public string ResolverFile => _files["resolv.conf"];

    /// <summary>Serves <paramref name="zones"/>, the records of a name in their own order: 127.0.0.2 before 127.0.0.3.</summary>
    public static Task<NameServer> StartAsync(DnsZones zones, IPEndPoint? at = null, NetworkNamespace? space = null) => StartAsync(at ?? FreeAddress(), space,
    [
        "recursion no;", "dnssec-validation no;", "max-udp-size 1232;", "rrset-order { order none; };",
    ],
    zones.Zones.Select(zone => $"zone \"{(zone.Key.Length == 0 ? "." : zone.Key)}\" {{ type primary; file \"{zone.Value}\"; }};"));

    /// <summary>Asks <paramref name="upstream"/> for its clients, and validates what <paramref name="zones"/> have signed.</summary>
    public static Task<NameServer> StartResolverAsync(IPEndPoint upstream, DnsZones zones) => StartAsync(FreeAddress(), space: null,
    [
        "recursion yes;", "dnssec-validation yes;", "empty-zones-enable no;", "forward only;", $"forwarders {{ {upstream.Address} port {upstream.Port}; }};",
    ],
    [$"trust-anchors {{ . static-ds {zones.RootAnchor}; }};"]);

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _files.Dispose();
    }

    static IPEndPoint FreeAddress() => new(IPAddress.Loopback, FreePort.Next());

    static async Task<NameServer> StartAsync(IPEndPoint address, NetworkNamespace? space, IEnumerable<string> options, IEnumerable<string> statements)
    {
        var files = new TemporaryDirectory();
        ExternalProcess? process = null;
        try
        {
            string[] lines =
            [
                "options {",
                $"directory \"{files.Path}\"; listen-on port {address.Port} {{ {address.Address}; }}; listen-on-v6 {{ none; }}; pid-file none; session-keyfile none;",
                .. options, "};", "controls { };", .. statements,
            ];
            await File.WriteAllLinesAsync(files["named.conf"], lines);
            List<string> command = [ExternalTool.Named, "-g", "-n", "1", "-c", files["named.conf"]];
            if (space is not null) command.InsertRange(0, space.Prefix);
            process = await ExternalProcess.StartAsync(command[0], command[1..], new Dictionary<string, string>(), () => ExternalProcess.ConnectsAsync(address, space));
            // It listens before it has loaded its zones.
            await process.Log.WaitForAsync(line => line.Text.EndsWith(" running", StringComparison.Ordinal), TimeSpan.FromSeconds(30));
            return new NameServer(process, files, address);
        }
        catch
        {
            if (process is not null) await process.DisposeAsync();
            files.Dispose();
            throw;
        }
    }
}
