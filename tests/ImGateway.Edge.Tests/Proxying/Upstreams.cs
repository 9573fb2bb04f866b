using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Proxying;

/// <summary>What tests of several upstreams, or of one that is away, share.</summary>
static class Upstreams
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>Upstreams are tried in the order they are listed.</summary>
    public static readonly IReadOnlyDictionary<string, string?> InOrder = new Dictionary<string, string?>
    {
        ["ReverseProxy:Clusters:gateway:LoadBalancingPolicy"] = "FirstAlphabetical",
    };

    /// <summary>A port on which nothing listens, and that no client gets as its own.</summary>
    public static Uri Away() => new($"http://127.0.0.1:{FreePort.Next()}");

    /// <summary>Waits until the edge's metrics satisfy <paramref name="condition"/>.</summary>
    public static async Task<Scrape> WaitForMetricsAsync(this ProxyHost edge, Func<Scrape, bool> condition)
    {
        using var limit = new CancellationTokenSource(Patience);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (true)
        {
            var metrics = await edge.MetricsAsync();
            if (condition(metrics)) return metrics;
            await timer.WaitForNextTickAsync(limit.Token);
        }
    }

    public static Task<Scrape> WaitForHeldAsync(this ProxyHost edge, int count) => edge.WaitForMetricsAsync(metrics => metrics.Sum("imgw_requests_held") == count);
}
