using System.Net;
using System.Net.Sockets;

namespace ImGateway.Testing;

/// <summary>The demo gateway as a process of its own, which can be killed and started again on the same port.</summary>
public static class DemoGatewayProcess
{
    /// <summary>Returns when it takes connections. Disposing of it kills it.</summary>
    public static Task<PartnerProcess> StartAsync(int port) => PartnerProcess.StartAsync(
        EdgeVerb.Command[0],
        [.. EdgeVerb.Command[1..], "demo", "--gateway-only", "--listen", $"127.0.0.1:{port}"],
        new Dictionary<string, string>(),
        () => ConnectsAsync(port));

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
}
