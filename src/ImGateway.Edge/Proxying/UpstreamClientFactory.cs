using Yarp.ReverseProxy.Forwarder;

namespace ImGateway.Edge.Proxying;

/// <summary>YARP's client already follows no redirect, keeps no cookie, uses no proxy of the environment and decompresses nothing.</summary>
sealed class UpstreamClientFactory : ForwarderHttpClientFactory
{
    protected override void ConfigureHandler(ForwarderHttpClientContext context, SocketsHttpHandler handler)
    {
        base.ConfigureHandler(context, handler);
        handler.ConnectTimeout = TimeSpan.FromSeconds(5);
        // Shorter than the minute after which the common servers and load balancers drop an idle connection.
        handler.PooledConnectionIdleTimeout = TimeSpan.FromSeconds(50);
        // traceparent is ours to keep or start.
        handler.ActivityHeadersPropagator = null;
    }
}
