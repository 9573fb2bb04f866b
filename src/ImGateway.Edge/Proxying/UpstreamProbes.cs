using System.Globalization;
using System.Runtime.CompilerServices;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Proxying.Upstream;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.Model;

namespace ImGateway.Edge.Proxying;

/// <summary>The result of an active health check.</summary>
/// <param name="Succeeded">Whether the response was 2xx.</param>
/// <param name="Result">The status code, or the reason of the failure in one line.</param>
public sealed record UpstreamProbe(DateTimeOffset At, bool Succeeded, string Result);

/// <summary>Keeps the last active health check of each destination, which YARP does not.</summary>
sealed class UpstreamProbes(TimeProvider time)
{
    const int LongestResult = 200;

    readonly ConditionalWeakTable<DestinationState, UpstreamProbe> _last = [];

    /// <summary>Null before the first check.</summary>
    public UpstreamProbe? Of(DestinationState destination) => _last.TryGetValue(destination, out var probe) ? probe : null;

    public void Note(DestinationProbingResult result) => _last.AddOrUpdate(
        result.Destination,
        new UpstreamProbe(time.GetUtcNow(), result is { Exception: null, Response.IsSuccessStatusCode: true }, ResultOf(result)));

    static string ResultOf(DestinationProbingResult result)
    {
        if (result.Response is { } response) return ((int)response.StatusCode).ToString(CultureInfo.InvariantCulture);
        var why = result.Exception is OperationCanceledException ? "no answer in time" : OneLine.From(result.Exception?.GetBaseException().Message ?? "no answer");
        return why.Length > LongestResult ? why[..LongestResult] + "…" : why;
    }
}

/// <summary>Decorates YARP's active health check policies: records the results, and leaves out failures that this machine caused.</summary>
sealed class NotingPolicy(IActiveHealthCheckPolicy policy, UpstreamProbes probes) : IActiveHealthCheckPolicy
{
    public string Name => policy.Name;

    public void ProbingCompleted(ClusterState cluster, IReadOnlyList<DestinationProbingResult> probingResults)
    {
        foreach (var result in probingResults) probes.Note(result);
        policy.ProbingCompleted(cluster, [.. probingResults.Where(result => !OwnShortage.Caused(result.Exception))]);
    }
}
