using ImGateway.Edge.Configuration;
using Yarp.ReverseProxy.Configuration;

namespace ImGateway.Edge.Proxying;

/// <summary>YARP's configuration while it serves: judged before anything changes, then put in force, which YARP does in its own time and tells.</summary>
sealed class YarpConfiguration(InMemoryConfigProvider provider, IConfigValidator validator, UpstreamPorts ports) : IConfigChangeListener
{
    TaskCompletionSource _applied = New();

    /// <summary>What YARP would refuse, one line each.</summary>
    public async Task<IReadOnlyList<string>> ProblemsAsync(IProxyConfig config)
    {
        List<Exception> problems = [];
        foreach (var cluster in config.Clusters) problems.AddRange(await validator.ValidateClusterAsync(cluster));
        foreach (var route in config.Routes) problems.AddRange(await validator.ValidateRouteAsync(route));
        return [.. problems.Select(problem => ProxyConfiguration.Mistake(problem).Message)];
    }

    /// <summary>Returns once YARP routes by it. By one reload at a time.</summary>
    /// <exception cref="UserError">YARP cannot do it after all; what was in force still is.</exception>
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
        _applied.TrySetException(ProxyConfiguration.Mistake(exception));

    public void ConfigurationApplied(IReadOnlyList<IProxyConfig> proxyConfigs)
    {
        ports.Follow(proxyConfigs);
        _applied.TrySetResult();
    }

    public void ConfigurationApplyingFailed(IReadOnlyList<IProxyConfig> proxyConfigs, Exception exception) =>
        _applied.TrySetException(ProxyConfiguration.Mistake(exception));

    static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
