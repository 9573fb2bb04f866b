using ImGateway.DirectTls.OpenSsl;
using ImGateway.DirectTls.Transport;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Connections.Listening;
using ImGateway.Edge.Tls.Policy;
using Microsoft.AspNetCore.Connections;
using Prometheus;

namespace ImGateway.Edge.Tls.Direct;

/// <summary>TLS by OpenSSL on the socket's descriptor, with a transport of its own (docs/direct-tls.md).</summary>
sealed class DirectEngine(LoadedTlsPolicy policy) : ITlsEngine
{
    readonly TlsServer _server = new();

    public string Name => nameof(TlsEngine.Direct);

    public LoadedTlsPolicy Policy => policy;

    public bool ReleasesBuffersWhenIdle => true;

    public bool CanStaple => true;

    public TlsContext CreateContext(TlsContextSettings settings) => new DirectContext(_server, settings);

    /// <summary>All contexts share the ticket keys.</summary>
    public void RotateTicketKeys(IEnumerable<TlsContext> served) => _server.RotateTicketKeys();

    public IListenerTransport CreateTransport(IListenerTransport sockets, IServiceProvider services)
    {
        var transport = new DirectTransport(
            loops: 0,
            services.GetRequiredService<IMemoryPoolFactory<byte>>(),
            services.GetRequiredService<TimeProvider>(),
            services.GetRequiredService<ILoggerFactory>());
        var metrics = services.GetRequiredService<TlsMetrics>();
        services.GetRequiredService<CollectorRegistry>().AddBeforeCollectCallback(() => metrics.SetLoopLag(transport.Lag));
        return new DirectListenerTransport(transport);
    }

    public HandshakeFailure Classify(Exception exception) =>
        exception is OpenSslException ? HandshakeFailures.OfOpenSslError(exception.HResult) : HandshakeFailure.Other;
}
