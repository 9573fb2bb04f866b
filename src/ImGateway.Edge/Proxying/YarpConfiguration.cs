using ImGateway.Edge.Configuration;
using ImGateway.Edge.Proxying.Upstream;
using Yarp.ReverseProxy.Configuration;

namespace ImGateway.Edge.Proxying;

/// <summary>Replaces YARP's configuration while serving: validated before anything changes, then applied, which YARP does asynchronously and reports.</summary>
sealed class YarpConfiguration(InMemoryConfigProvider provider, IConfigValidator validator, SourcePortUsage ports) : IConfigChangeListener
{
    TaskCompletionSource _applied = New();

    /// <summary>Returns what YARP would reject, one line each.</summary>
    public async Task<IReadOnlyList<string>> ProblemsAsync(IProxyConfig config)
    {
        List<Exception> problems = [];
        foreach (var cluster in config.Clusters) problems.AddRange(await validator.ValidateClusterAsync(cluster));
        foreach (var route in config.Routes) problems.AddRange(await validator.ValidateRouteAsync(route));
        return [.. problems.Select(problem => ProxyConfiguration.ToUserError(problem).Message)];
    }

    /// <summary>Applies the configuration and returns once YARP routes by it. Not for concurrent calls.</summary>
    /// <exception cref="UserError">YARP rejected it; the old configuration remains in force.</exception>
    public async Task ApplyAsync(IProxyConfig config)
    {
        _applied = New();
        provider.Update(config.Routes, config.Clusters);
        await _applied.Task;
    }

    public void ConfigurationLoaded(IReadOnlyList<IProxyConfig> proxyConfigs)
    {
    }

    public void ConfigurationLoadingFailed(IProxyConfigProvider configProvider, Exception exception) =>
        _applied.TrySetException(ProxyConfiguration.ToUserError(exception));

    public void ConfigurationApplied(IReadOnlyList<IProxyConfig> proxyConfigs)
    {
        ports.SetDestinations(proxyConfigs);
        _applied.TrySetResult();
    }

    public void ConfigurationApplyingFailed(IReadOnlyList<IProxyConfig> proxyConfigs, Exception exception) =>
        _applied.TrySetException(ProxyConfiguration.ToUserError(exception));

    static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
