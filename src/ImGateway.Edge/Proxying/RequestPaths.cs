using ImGateway.Edge.Configuration;
using Yarp.ReverseProxy.Configuration;

namespace ImGateway.Edge.Proxying;

/// <summary>The request path in force. A request reads it once and keeps to it to its end, a WebSocket for hours.</summary>
sealed class RequestPaths(CurrentOptions options, Current<ClientAddress> addresses, RequestPathFactory factory, YarpConfiguration yarp)
{
    YarpPipeline? _pipeline;
    volatile RequestPath? _current;

    public RequestPath Current => _current!;

    /// <summary>Before the first request.</summary>
    public void Begin(YarpPipeline pipeline)
    {
        _pipeline = pipeline;
        Replace(options.Value);
    }

    /// <summary>What YARP would refuse, one line each.</summary>
    public Task<IReadOnlyList<string>> ProblemsAsync(IProxyConfig config) => yarp.ProblemsAsync(config);

    /// <summary>
    /// YARP first: what it forgets, requests on the old path have in hand, and what it learns, only the new path asks of it. So no request
    /// of a route of either configuration finds nothing.
    /// </summary>
    /// <param name="config">As <see cref="ProxyConfiguration.Read"/> made it of the same configuration.</param>
    /// <exception cref="UserError">YARP cannot do it; nothing has changed.</exception>
    public async Task ReplaceAsync(EdgeOptions next, IProxyConfig config)
    {
        await yarp.ApplyAsync(config);
        Replace(next);
    }

    void Replace(EdgeOptions next)
    {
        var path = factory.Create(next, _pipeline!.Routes());
        _current = path;
        addresses.Replace(path.Addresses);
    }
}
