using ImGateway.Edge.Configuration;
using ImGateway.Edge.Proxying.Checks;
using Yarp.ReverseProxy.Configuration;

namespace ImGateway.Edge.Proxying;

/// <summary>Holds the request configuration in force. A request reads it once and keeps it to its end, a WebSocket for hours.</summary>
sealed class CurrentRequestConfiguration(CurrentOptions options, Reloadable<ClientAddress> addresses, YarpConfiguration yarp)
{
    YarpPipeline? _pipeline;
    volatile RequestConfiguration? _current;

    public RequestConfiguration Current => _current!;

    /// <summary>Called before the first request.</summary>
    public void Begin(YarpPipeline pipeline)
    {
        _pipeline = pipeline;
        Replace(options.Value);
    }

    /// <summary>Returns what YARP would reject, one line each.</summary>
    public Task<IReadOnlyList<string>> ProblemsAsync(IProxyConfig config) => yarp.ProblemsAsync(config);

    /// <summary>
    /// Replaces YARP's configuration first: requests under the old one hold the removed endpoints, and only the new one uses those added. So requests
    /// of both configurations find their routes.
    /// </summary>
    /// <param name="config">The result of <see cref="ProxyConfiguration.Read"/> for the same configuration.</param>
    /// <exception cref="UserError">YARP rejected it; nothing has changed.</exception>
    public async Task ReplaceAsync(EdgeOptions next, IProxyConfig config)
    {
        await yarp.ApplyAsync(config);
        Replace(next);
    }

    void Replace(EdgeOptions next)
    {
        var configuration = new RequestConfiguration(next, _pipeline!.Routes());
        _current = configuration;
        addresses.Replace(configuration.Addresses);
    }
}
