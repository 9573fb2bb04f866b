using System.Net.Sockets;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.Model;

namespace ImGateway.Edge.Proxying;

/// <summary>
/// Upstream connections that failed because this machine has no descriptor or memory left. The request fails, but the destination was not involved, so
/// its health must not be affected.
/// </summary>
static class OwnShortage
{
    public static SocketException Of(string host, int port) =>
        new((int)SocketError.TooManyOpenSockets, $"no descriptor or memory is left for a connection to {host}:{port}; see the limits by imgw doctor");

    /// <summary>Whether the error is EMFILE, ENFILE, ENOBUFS or ENOMEM, as .NET maps them.</summary>
    public static bool Caused(Exception? error) =>
        error?.GetBaseException() is SocketException { SocketErrorCode: SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable };
}

/// <summary>Before each of YARP's policies that judge by what became of requests.</summary>
sealed class SparingPolicy(IPassiveHealthCheckPolicy policy) : IPassiveHealthCheckPolicy
{
    public string Name => policy.Name;

    public void RequestProxied(HttpContext context, ClusterState cluster, DestinationState destination)
    {
        // A WebSocket is judged when it ends (UpstreamSockets).
        if (context.Features.Get<WebSocketUpgrade>() is { Lease.IsGranted: true }) return;
        if (!OwnShortage.Caused(context.Features.Get<IForwarderErrorFeature>()?.Exception)) policy.RequestProxied(context, cluster, destination);
    }
}
