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
public sealed record HealthCheckResult(DateTimeOffset At, bool Succeeded, string Result);

/// <summary>Keeps the last active health check of each destination, which YARP does not.</summary>
sealed class ActiveHealthCheckResults(TimeProvider time)
{
    const int LongestResult = 200;

    readonly ConditionalWeakTable<DestinationState, HealthCheckResult> _last = [];

    /// <summary>Null before the first check.</summary>
    public HealthCheckResult? Of(DestinationState destination) => _last.TryGetValue(destination, out var last) ? last : null;

    public void Record(DestinationProbingResult result) => _last.AddOrUpdate(
        result.Destination,
        new HealthCheckResult(time.GetUtcNow(), result is { Exception: null, Response.IsSuccessStatusCode: true }, ResultOf(result)));

    static string ResultOf(DestinationProbingResult result)
    {
        if (result.Response is { } response) return ((int)response.StatusCode).ToString(CultureInfo.InvariantCulture);
        return result.Exception is OperationCanceledException ? "no answer in time" : SingleLine.EscapeAtMost(result.Exception?.GetBaseException().Message ?? "no answer", LongestResult);
    }
}

/// <summary>Decorates YARP's active health check policies: records the results, and leaves out failures that this machine caused.</summary>
sealed class ActiveHealthCheckRecorder(IActiveHealthCheckPolicy policy, ActiveHealthCheckResults healthChecks) : IActiveHealthCheckPolicy
{
    public string Name => policy.Name;

    public void ProbingCompleted(ClusterState cluster, IReadOnlyList<DestinationProbingResult> probingResults)
    {
        foreach (var result in probingResults) healthChecks.Record(result);
        policy.ProbingCompleted(cluster, [.. probingResults.Where(result => !LocalResourceExhaustion.IsCauseOf(result.Exception))]);
    }
}
