using Prometheus;

namespace ImGateway.Edge.Connections.Limits;

/// <summary>The counter of all refusals: connections here, requests in <c>Proxying</c>.</summary>
sealed class RefusalMetrics
{
    readonly Counter _refused;
    readonly Counter.Child[] _connections;

    public RefusalMetrics(IMetricFactory metrics)
    {
        _refused = metrics.CreateCounter(
            "imgw_refused_total",
            "Connections and requests that the edge refused by itself, by cause: a limit reached, or a form that is not let through.",
            ["reason"],
            // Without exemplars, which would read the current activity on every request.
            new CounterConfiguration { ExemplarBehavior = ExemplarBehavior.NoExemplars() });
        _connections = [.. Enum.GetValues<ConnectionRefusal>().Skip(1).Select(refusal => CounterFor(refusal.Label()))];
    }

    /// <summary>The counter of one reason, for the caller to keep. Reasons are a fixed set, so that labels are bounded.</summary>
    public Counter.Child CounterFor(string reason) => _refused.WithLabels(reason);

    /// <summary>The count so far.</summary>
    public IEnumerable<(string Reason, long Count)> Counts =>
        _refused.GetAllLabelValues().Select(labels => (labels[0], (long)_refused.WithLabels(labels).Value));

    public void OnRefused(ConnectionRefusal refusal) => _connections[(int)refusal - 1].Inc();
}
