using System.Net;
using System.Net.Sockets;

namespace ImGateway.Testing;

/// <summary>The demo gateway as a process of its own, which can be killed and started again on the same port.</summary>
public static class DemoGatewayProcess
{
    /// <summary>Returns when it takes connections. Disposing of it kills it.</summary>
    public static Task<PartnerProcess> StartAsync(int port) => StartAsync(EdgeVerb.Command, $"127.0.0.1:{port}", () => ConnectsAsync(port));

    /// <summary>On every address of a namespace.</summary>
    public static Task<PartnerProcess> StartAsync(int port, NetworkNamespace space) =>
        StartAsync([.. space.Prefix, .. EdgeVerb.Command], $"0.0.0.0:{port}", () => ConnectsAsync(new IPEndPoint(IPAddress.Loopback, port), space));

    /// <summary>On one address of a namespace.</summary>
    public static Task<PartnerProcess> StartAsync(IPEndPoint address, NetworkNamespace space) =>
        StartAsync([.. space.Prefix, .. EdgeVerb.Command], $"{address}", () => ConnectsAsync(address, space));

    static Task<PartnerProcess> StartAsync(string[] command, string listen, Func<Task<bool>> connects) =>
        PartnerProcess.StartAsync(command[0], [.. command[1..], "demo", "--gateway-only", "--listen", listen], new Dictionary<string, string>(), connects);

    static async Task<bool> ConnectsAsync(int port)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    static async Task<bool> ConnectsAsync(IPEndPoint address, NetworkNamespace space)
    {
        try
        {
            using var socket = await space.ConnectAsync(address, CancellationToken.None);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
