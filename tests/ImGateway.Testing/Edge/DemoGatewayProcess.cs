using System.Net;

namespace ImGateway.Testing;

/// <summary>The demo gateway as a process of its own, which can be killed and started again on the same port.</summary>
public static class DemoGatewayProcess
{
    /// <summary>Returns when it accepts connections. Disposing of it kills it.</summary>
    public static Task<ExternalProcess> StartAsync(int port) =>
        StartAsync(EdgeVerb.Command, $"127.0.0.1:{port}", () => ExternalProcess.ConnectsAsync(new IPEndPoint(IPAddress.Loopback, port)));

    /// <summary>On every address of a namespace.</summary>
    public static Task<ExternalProcess> StartAsync(int port, NetworkNamespace space) =>
        StartAsync([.. space.Prefix, .. EdgeVerb.Command], $"0.0.0.0:{port}", () => ExternalProcess.ConnectsAsync(new IPEndPoint(IPAddress.Loopback, port), space));

    /// <summary>On one address of a namespace.</summary>
    public static Task<ExternalProcess> StartAsync(IPEndPoint address, NetworkNamespace space) =>
        StartAsync([.. space.Prefix, .. EdgeVerb.Command], $"{address}", () => ExternalProcess.ConnectsAsync(address, space));

    static Task<ExternalProcess> StartAsync(string[] command, string listen, Func<Task<bool>> connects) =>
        ExternalProcess.StartAsync(command[0], [.. command[1..], "demo", "--gateway-only", "--listen", listen], new Dictionary<string, string>(), connects);
}
