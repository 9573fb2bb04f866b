using Prometheus;

namespace ImGateway.Edge.WebSockets;

enum ClosedBy
{
    Client,
    Upstream,
    Idle,
    Drain,
    Limit,
    Error,
}

sealed class WebSocketMetrics
{
    static readonly string[] ClosedByLabels = ["client", "upstream", "idle", "drain", "limit", "error"];

    readonly Gauge _open;
    readonly Histogram _durations;
    readonly Counter.Child _bytesIn;
    readonly Counter.Child _bytesOut;
    readonly Counter.Child[] _closed;

    public WebSocketMetrics(IMetricFactory metrics)
    {
        var counters = new CounterConfiguration { ExemplarBehavior = ExemplarBehavior.NoExemplars() };
        _open = metrics.CreateGauge("imgw_websocket_connections", "WebSockets that are open.");
        _durations = metrics.CreateHistogram(
            "imgw_websocket_duration_seconds",
            "How long WebSockets lived that have ended, from the upgrade on.",
            new HistogramConfiguration { ExemplarBehavior = ExemplarBehavior.NoExemplars(), Buckets = [1, 10, 60, 300, 900, 3600, 4 * 3600, 12 * 3600, 24 * 3600] });
        var bytes = metrics.CreateCounter("imgw_websocket_bytes_total", "Bytes of WebSockets relayed after the upgrade, frames' headers included: in from clients, out to them.", ["direction"], counters);
        _bytesIn = bytes.WithLabels("in");
        _bytesOut = bytes.WithLabels("out");
        var closed = metrics.CreateCounter("imgw_websocket_closed_total", "WebSockets that have ended, by who ended them. upstream, error and limit are not the clients' doing.", ["by"], counters);
        _closed = [.. ClosedByLabels.Select(by => closed.WithLabels(by))];
    }

    public static string LabelOf(ClosedBy by) => ClosedByLabels[(int)by];

    /// <summary>The number of sockets ended so far by this cause.</summary>
    public long Closed(ClosedBy by) => (long)_closed[(int)by].Value;

    /// <summary>The number of sockets ended so far, by cause.</summary>
    public IEnumerable<(string By, long Count)> ClosedByCause => ClosedByLabels.Zip(_closed, (by, count) => (by, (long)count.Value));

    /// <summary>Bytes relayed so far from clients.</summary>
    public long BytesIn => (long)_bytesIn.Value;

    /// <summary>Bytes relayed so far to clients.</summary>
    public long BytesOut => (long)_bytesOut.Value;

    public void OnOpened() => _open.Inc();

    public void OnReceived(int bytes) => _bytesIn.Inc(bytes);

    public void OnSent(int bytes) => _bytesOut.Inc(bytes);

    public void OnClosed(ClosedBy by, TimeSpan duration)
    {
        _open.Dec();
        _durations.Observe(duration.TotalSeconds);
        _closed[(int)by].Inc();
    }
}
