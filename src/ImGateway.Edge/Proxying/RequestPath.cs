namespace ImGateway.Edge.Proxying;

/// <summary>All that serves requests by one configuration: made as a whole (<see cref="RequestPathFactory"/>), replaced as a whole.</summary>
sealed record RequestPath(RequestFlow Flow, PlainHttp Plain, YarpRoutes Yarp, SecurityHeaders Headers, ClientAddress Addresses)
{
    public Task InvokeAsync(HttpContext context, ListenerFeature listener) => Flow.InvokeAsync(context, listener, Yarp);
}
