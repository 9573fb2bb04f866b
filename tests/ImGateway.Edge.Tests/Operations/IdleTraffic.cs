using ImGateway.Edge.Configuration;
using ImGateway.Edge.Connections;
using ImGateway.Edge.Connections.Limits;
using ImGateway.Edge.Operations.Status;
using ImGateway.Edge.Proxying.Upstream;
using ImGateway.Edge.Tls;
using ImGateway.Edge.WebSockets;
using Microsoft.Extensions.Logging.Abstractions;
using Prometheus;

namespace ImGateway.Edge.Tests.Operations;

/// <summary>The statistics of an edge without connections and requests, but the handshakes that a test counts.</summary>
sealed class IdleTraffic : IDisposable
{
    readonly SlowCloseMonitor _slowCloses;
    readonly WebSocketRegistry _webSockets;

    public IdleTraffic(TlsMetrics tls)
    {
        var (metrics, options) = (Metrics.WithCustomRegistry(Metrics.NewCustomRegistry()), new CurrentOptions(new EdgeOptions()));
        var relayed = new WebSocketMetrics(metrics);
        _slowCloses = new SlowCloseMonitor(options, TimeProvider.System, NullLogger<SlowCloseMonitor>.Instance);
        _webSockets = new WebSocketRegistry(relayed, options, TimeProvider.System, NullLogger<WebSocketRegistry>.Instance);
        var refused = new RefusalMetrics(metrics);
        Traffic = new Traffic(tls, new ProxyMetrics(metrics, refused), refused, relayed, _webSockets, new ClientConnections(_slowCloses, new ConnectionBudget()));
    }

    public Traffic Traffic { get; }

    public void Dispose()
    {
        _webSockets.Dispose();
        _slowCloses.Dispose();
    }
}
