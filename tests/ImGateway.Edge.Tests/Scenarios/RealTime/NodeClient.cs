using System.Net.Sockets;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.RealTime;

/// <summary>Scripts of <c>tests/partners/clients</c>, with the packages that <c>tests/partners/install</c> installs.</summary>
static class NodeClient
{
    /// <summary>A client of the edge: it connects to localhost, as browsers would, and trusts the certificates of <paramref name="rootFile"/>.</summary>
    public static Task<ExternalProcess> StartAsync(string rootFile, string script, params string[] arguments) =>
        StartAsync(script, arguments, new() { ["NODE_EXTRA_CA_CERTS"] = rootFile }, () => Task.FromResult(true));

    /// <summary>A gateway; returns when it takes connections. Disposing of it kills it.</summary>
    public static Task<ExternalProcess> ServeAsync(string script, int port) => StartAsync(script, [$"{port}"], [], async () =>
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync("127.0.0.1", port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    });

    static Task<ExternalProcess> StartAsync(string script, string[] arguments, Dictionary<string, string> environment, Func<Task<bool>> isReady) => ExternalProcess.StartAsync(
        "node", [Repository.PathOf("tests", "partners", "clients", script), .. arguments], new Dictionary<string, string>(environment) { ["NODE_PATH"] = ExternalTool.NodeModules }, isReady);
}
