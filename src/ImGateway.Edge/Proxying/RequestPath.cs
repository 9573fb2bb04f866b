using ImGateway.Edge.Proxying.Checks;

namespace ImGateway.Edge.Proxying;

/// <summary>The objects that serve requests under one configuration: created (<see cref="RequestPathFactory"/>) and replaced as a whole.</summary>
sealed record RequestPath(RequestFlow Flow, PlainHttp Plain, YarpRoutes Yarp, SecurityHeaders Headers, ClientAddress Addresses)
{
    public Task InvokeAsync(HttpContext context, ListenerFeature listener) => Flow.InvokeAsync(context, listener, Yarp);
}
