using ImGateway.Edge.WebSockets;
using Yarp.ReverseProxy.Forwarder;

namespace ImGateway.Edge.Proxying;

/// <summary>
/// Takes WebSockets over from YARP's forwarder at their 101 (<see cref="SwitchingProtocols"/>): how a request reaches the upstream and what
/// its failures are called stays YARP's; what becomes of the two streams is ours. Stands where the forwarder does, so that a socket counts
/// as a request under way for balancing, and its breaking off for passive health checks.
/// </summary>
sealed class RelayingForwarder(IHttpForwarder yarp, UpstreamResults results) : IHttpForwarder
{
    public ValueTask<ForwarderError> SendAsync(
        HttpContext context, string destinationPrefix, HttpMessageInvoker httpClient, ForwarderRequestConfig requestConfig, HttpTransformer transformer) =>
        SendAsync(context, destinationPrefix, httpClient, requestConfig, transformer, CancellationToken.None);

    public ValueTask<ForwarderError> SendAsync(
        HttpContext context, string destinationPrefix, HttpMessageInvoker httpClient, ForwarderRequestConfig requestConfig, HttpTransformer transformer, CancellationToken cancellationToken)
    {
        var sent = yarp.SendAsync(context, destinationPrefix, httpClient, requestConfig, transformer, cancellationToken);
        return context.Features.Get<WebSocketSession>() is { } session ? RelayAsync(context, session, sent) : sent;
    }

    async ValueTask<ForwarderError> RelayAsync(HttpContext context, WebSocketSession session, ValueTask<ForwarderError> sent)
    {
        var error = await sent;
        if (error != ForwarderError.None || !session.IsGranted) return error;
        // Not when it ends, which may be in hours.
        results.NoteGranted(context);
        var end = await session.RelayAsync();
        error = ErrorOf(end.Fault);
        if (error != ForwarderError.None) context.Features.Set<IForwarderErrorFeature>(new RelayError(error, end.Exception));
        return error;
    }

    /// <summary>As YARP names the end of an upgraded request.</summary>
    static ForwarderError ErrorOf(RelayFault fault) => fault switch
    {
        RelayFault.ClientRead => ForwarderError.UpgradeRequestClient,
        RelayFault.ClientWrite => ForwarderError.UpgradeResponseClient,
        RelayFault.UpstreamRead => ForwarderError.UpgradeResponseDestination,
        RelayFault.UpstreamWrite => ForwarderError.UpgradeRequestDestination,
        RelayFault.IdleTimeout => ForwarderError.UpgradeActivityTimeout,
        _ => ForwarderError.None,
    };

    sealed record RelayError(ForwarderError Error, Exception? Exception) : IForwarderErrorFeature;
}
