using System.Collections.Frozen;
using System.Globalization;
using ImGateway.Edge.Connections.Limits;
using ImGateway.Edge.Proxying.Checks;
using Prometheus;

namespace ImGateway.Edge.Proxying.Upstream;

enum UpstreamError
{
    Connect,
    Timeout,
    Reset,
    Protocol,
}

/// <summary>Metrics of requests. Children are created once, so that no request looks up labels.</summary>
sealed class ProxyMetrics
{
    const int MaxCode = 600;

    static readonly string[] RouteLabels = ["ws", "api", "health", "other"];
    static readonly string[] ErrorLabels = ["connect", "timeout", "reset", "protocol"];

    readonly Counter _requests;
    readonly Counter.Child?[,] _requestsByCode = new Counter.Child?[RouteLabels.Length, MaxCode];
    readonly Histogram.Child[] _durations;
    readonly Counter.Child[,] _upstreamErrors = new Counter.Child[RouteLabels.Length, ErrorLabels.Length];
    readonly Gauge _held;
    readonly FrozenDictionary<Refusal, Counter.Child> _refusals;

    public ProxyMetrics(IMetricFactory metrics, RefusalMetrics refused)
    {
        // Without exemplars, which would read the current activity on every request.
        var counters = new CounterConfiguration { ExemplarBehavior = ExemplarBehavior.NoExemplars() };
        _requests = metrics.CreateCounter("imgw_http_requests_total", "Requests that were answered, by the upstream or by the edge; a WebSocket counts once, when it is upgraded (101, or 200 over HTTP/2).", ["route", "code"], counters);
        var durations = metrics.CreateHistogram(
            "imgw_http_request_duration_seconds",
            "How long requests took, from their headers to the end of the response; WebSockets are left out.",
            ["route"],
            new HistogramConfiguration { ExemplarBehavior = ExemplarBehavior.NoExemplars(), Buckets = [.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 100] });
        _durations = [.. RouteLabels.Select(route => durations.WithLabels(route))];
        var errors = metrics.CreateCounter("imgw_upstream_errors_total", "Attempts that the upstream failed, those included that another attempt made good.", ["route", "error"], counters);
        for (var route = 0; route < RouteLabels.Length; route++)
        {
            for (var error = 0; error < ErrorLabels.Length; error++) _upstreamErrors[route, error] = errors.WithLabels(RouteLabels[route], ErrorLabels[error]);
        }

        _held = metrics.CreateGauge("imgw_requests_held", "Requests that wait for the gateway to come back (Edge:HoldWhileDown).");
        _refusals = Refusal.All.ToFrozenDictionary(refusal => refusal, refusal => refused.CounterFor(refusal.Reason));
    }

    public static string LabelOf(RouteLabel route) => RouteLabels[(int)route];

    public static string LabelOf(UpstreamError error) => ErrorLabels[(int)error];

    public void OnAnswered(RouteLabel route, int code, TimeSpan duration)
    {
        Count(route, code);
        _durations[(int)route].Observe(duration.TotalSeconds);
    }

    /// <summary>Counts an upgraded request at its upgrade, without the lifetime of the WebSocket as a duration.</summary>
    public void OnUpgraded(RouteLabel route, int code) => Count(route, code);

    public long Held => (long)_held.Value;

    /// <summary>The count so far.</summary>
    public IEnumerable<(string Route, int Code, long Count)> Answered =>
        from route in Enumerable.Range(0, RouteLabels.Length)
        from code in Enumerable.Range(0, MaxCode)
        let child = _requestsByCode[route, code]
        where child is not null
        select (RouteLabels[route], code, (long)child.Value);

    /// <summary>The count so far, over all routes.</summary>
    public IEnumerable<(string Error, long Count)> UpstreamErrors => ErrorLabels.Select(
        (label, error) => (label, (long)Enumerable.Range(0, RouteLabels.Length).Sum(route => _upstreamErrors[route, error].Value)));

    public void OnUpstreamError(RouteLabel route, UpstreamError error) => _upstreamErrors[(int)route, (int)error].Inc();

    public void OnHeld(int change) => _held.Inc(change);

    public void OnRefused(Refusal refusal) => _refusals[refusal].Inc();

    void Count(RouteLabel route, int code)
    {
        ref var child = ref _requestsByCode[(int)route, code is > 0 and < MaxCode ? code : 0];
        (child ??= _requests.WithLabels(RouteLabels[(int)route], code.ToString(CultureInfo.InvariantCulture))).Inc();
    }
}
