using System.Globalization;
using System.Runtime.CompilerServices;
using ImGateway.Edge.Configuration;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.Model;

namespace ImGateway.Edge.Proxying;

/// <summary>One question of an active health check to an upstream.</summary>
/// <param name="Succeeded">It was answered by a status of 2xx.</param>
/// <param name="Result">The status code, or one line on why there is none.</param>
public sealed record UpstreamProbe(DateTimeOffset At, bool Succeeded, string Result);

/// <summary>How the last active health check of each destination went, which YARP itself forgets once it has judged.</summary>
sealed class UpstreamProbes(TimeProvider time)
{
    const int LongestResult = 200;

    readonly ConditionalWeakTable<DestinationState, UpstreamProbe> _last = [];

    /// <summary>Null: it was not asked yet.</summary>
    public UpstreamProbe? Of(DestinationState destination) => _last.TryGetValue(destination, out var probe) ? probe : null;

    /// <summary>Has every policy note what it is told.</summary>
    public static void Register(IServiceCollection services)
    {
        services.AddSingleton<UpstreamProbes>();
        foreach (var policy in services.Where(service => service.ServiceType == typeof(IActiveHealthCheckPolicy)).ToList())
        {
            services.Remove(policy);
            services.AddSingleton<IActiveHealthCheckPolicy>(provider => new NotingPolicy(
                (IActiveHealthCheckPolicy)ActivatorUtilities.CreateInstance(provider, policy.ImplementationType!), provider.GetRequiredService<UpstreamProbes>()));
        }
    }

    void Note(DestinationProbingResult result) => _last.AddOrUpdate(
        result.Destination,
        new UpstreamProbe(time.GetUtcNow(), result is { Exception: null, Response.IsSuccessStatusCode: true }, ResultOf(result)));

    static string ResultOf(DestinationProbingResult result)
    {
        if (result.Response is { } response) return ((int)response.StatusCode).ToString(CultureInfo.InvariantCulture);
        var why = result.Exception is OperationCanceledException ? "no answer in time" : OneLine.From(result.Exception?.GetBaseException().Message ?? "no answer");
        return why.Length > LongestResult ? why[..LongestResult] + "…" : why;
    }

    sealed class NotingPolicy(IActiveHealthCheckPolicy policy, UpstreamProbes probes) : IActiveHealthCheckPolicy
    {
        public string Name => policy.Name;

        public void ProbingCompleted(ClusterState cluster, IReadOnlyList<DestinationProbingResult> probingResults)
        {
            foreach (var result in probingResults) probes.Note(result);
            policy.ProbingCompleted(cluster, [.. probingResults.Where(result => !OwnShortage.Caused(result.Exception))]);
        }
    }
}
