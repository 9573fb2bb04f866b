using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace ImGateway.Testing;

/// <summary>A network namespace with nothing in it but its loopback, until disposed of. Needs root.</summary>
public sealed class NetworkNamespace : IAsyncDisposable
{
    const int CloneNewNet = 0x40000000;

    NetworkNamespace(string name) => Name = name;

    public string Name { get; }

    /// <summary>What to put before a command that is to run in it.</summary>
    public IReadOnlyList<string> Prefix => ["ip", "netns", "exec", Name];

    /// <summary>Where <c>ip netns exec</c> finds files to mount over those in /etc.</summary>
    string Etc => $"/etc/netns/{Name}";

    /// <param name="firstPort">Of those that connections are given.</param>
    /// <param name="lastPort">The last of them.</param>
    /// <param name="hosts">What programs in it read as /etc/hosts; null = that of the machine.</param>
    /// <param name="nameServer">What programs in it ask for names, on port 53 of it; null = those of the machine.</param>
    public static async Task<NetworkNamespace> CreateAsync(int firstPort, int lastPort, string? hosts = null, IPAddress? nameServer = null)
    {
        var space = new NetworkNamespace($"imgw-test-{Guid.NewGuid():n}"[..20]);
        await RunAsync("ip", "netns", "add", space.Name);
        try
        {
            if (hosts is not null || nameServer is not null) Directory.CreateDirectory(space.Etc);
            if (hosts is not null) await File.WriteAllTextAsync(Path.Combine(space.Etc, "hosts"), hosts);
            if (nameServer is not null) await File.WriteAllTextAsync(Path.Combine(space.Etc, "resolv.conf"), $"nameserver {nameServer}\n");

            await RunAsync([.. space.Prefix, "ip", "link", "set", "lo", "up"]);
            await RunAsync([.. space.Prefix, "sh", "-c", $"echo {firstPort} {lastPort} > /proc/sys/net/ipv4/ip_local_port_range"]);
            return space;
        }
        catch
        {
            await space.DisposeAsync();
            throw;
        }
    }

    /// <summary>A TCP socket of the namespace: which one that is, is decided where a socket is made and not where it connects.</summary>
    public Socket CreateSocket()
    {
        Socket? socket = null;
        Exception? failure = null;
        // A thread of its own, which ends: no other work ever runs in the namespace.
        var thread = new Thread(() =>
        {
            try
            {
                Enter();
                socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            }
            catch (Exception e)
            {
                failure = e;
            }
        });
        thread.Start();
        thread.Join();
        return socket ?? throw new IOException($"no socket in namespace {Name}", failure);
    }

    public async Task<Socket> ConnectAsync(IPEndPoint server, CancellationToken cancellationToken)
    {
        var socket = CreateSocket();
        try
        {
            await socket.ConnectAsync(server, cancellationToken);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>For a client of what listens in it.</summary>
    public SocketsHttpHandler Handler() => new()
    {
        UseProxy = false,
        ConnectCallback = async (context, cancellationToken) => new NetworkStream(
            await ConnectAsync(new IPEndPoint(IPAddress.Parse(context.DnsEndPoint.Host), context.DnsEndPoint.Port), cancellationToken), ownsSocket: true),
    };

    public async ValueTask DisposeAsync()
    {
        if (Directory.Exists(Etc)) Directory.Delete(Etc, recursive: true);
        await RunAsync("ip", "netns", "delete", Name);
    }

    void Enter()
    {
        using var file = File.OpenHandle($"/run/netns/{Name}");
        if (SetNamespace((int)file.DangerousGetHandle(), CloneNewNet) != 0) throw new IOException($"setns: errno {Marshal.GetLastPInvokeError()}");
    }

    static async Task RunAsync(params string[] command)
    {
        var result = await ExternalTool.RunAsync(command[0], command[1..]);
        if (result.ExitCode != 0) throw new InvalidOperationException($"{string.Join(' ', command)}: {result.Output} {result.Error}");
    }

    [DllImport("libc", EntryPoint = "setns", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    static extern int SetNamespace(int file, int kind);
}
