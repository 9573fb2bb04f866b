using System.Runtime.CompilerServices;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Connections;
using ImGateway.Edge.Connections.Limits;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Logging.Abstractions;
using Prometheus;

namespace ImGateway.Edge.Tls;

/// <summary>
/// TLS for connections of public listeners, with any engine: a connection middleware instead of Kestrel's UseHttps, which cannot select by a ClientHello
/// fragmented over records, choose an alert, or report why a handshake failed (docs/decisions/0003). <see cref="ServeAsync"/> is the life of one connection.
/// </summary>
sealed class TlsMiddleware(
    ConnectionGate gate, ServerCertificateSelector selector, TlsMetrics metrics, HandshakeLog log, TlsSection options, TimeProvider time)
{
    readonly TlsHandshakes _handshakes = new(gate, selector, metrics, log, time);
    readonly Http2Preface _preface = new(time);
    readonly HandshakeTimeoutPool _timeouts = new(options.HandshakeTimeout, time);

    /// <summary>A middleware for in-memory probes, without limits and metrics.</summary>
    public static TlsMiddleware ForSelfTests(ServerCertificateSelector selector, TlsSection options, TimeProvider time) => new(
        ConnectionGate.ForSelfTests(time),
        selector,
        new TlsMetrics(Metrics.WithCustomRegistry(new CollectorRegistry())),
        new HandshakeLog(NullLogger<HandshakeLog>.Instance, time),
        options,
        time);

    public ConnectionDelegate Use(ConnectionDelegate next) => connection => ServeAsync(connection, next);

    /// <summary>For a transport that passes connections to Kestrel after their handshake: false if the connection must be disposed.</summary>
    public async Task<bool> TryHandshakeAsync(ConnectionContext connection)
    {
        var done = await HandshakeAsync(connection);
        connection.Features.Set(new EarlyHandshake(done));
        return done.Session is not null;
    }

    async Task ServeAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        // 1. The handshake, unless the transport has performed it.
        var (admission, session, info) = connection.Features.Get<EarlyHandshake>()?.Result ?? await HandshakeAsync(connection);
        using var admitted = admission;
        if (session is null) return;

        // 2. HTTP over the decrypted pipes, unless the connection ends after the handshake.
        var client = connection.Features.Get<ClientConnection>();
        var transport = connection.Transport;
        try
        {
            if (info is not null)
            {
                connection.Features.Set<ITlsConnectionFeature>(info);
                connection.Features.Set<ITlsHandshakeFeature>(info);
                connection.Features.Set<ITlsApplicationProtocolFeature>(info);
                connection.Features.Set(info);
                await (info.IsHttp2 ? ServeHttp2Async(connection, session, next) : new DetachableTransport(session).ServeAsync(connection, next));
            }

            // 3. close_notify, so that the client can distinguish the end from a truncation (RFC 8446 §6.1). The wait for a client that does not read is bounded.
            client?.BeginClose();
            await session.Output.CompleteAsync();
            await session.Input.CompleteAsync();
            await session.ShutdownAsync();
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException or ConnectionAbortedException)
        {
            // The client has closed the connection, or does not read it: a write that Kestrel began before it aborted the connection is still pending.
            // In either case close_notify has no receiver.
        }
        finally
        {
            connection.Transport = transport;
            await session.DisposeAsync();
        }
    }

    async Task ServeHttp2Async(ConnectionContext connection, ITlsSession session, ConnectionDelegate next)
    {
        connection.Features.Get<ClientConnection>()?.ReleaseAfterDisconnect();
        connection.Transport = session;
        if (await _preface.CheckAsync(connection)) await next(connection);
    }

    /// <summary>Admission (PROXY header, limits), then the handshake, within one time-out that starts at accept.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    async ValueTask<HandshakeResult> HandshakeAsync(ConnectionContext connection)
    {
        var timeout = _timeouts.Rent();
        var admission = default(Admission);
        try
        {
            admission = await gate.AdmitAsync(connection, timeout);
            if (admission.Refusal is ConnectionRefusal.ProxyProtocol) metrics.OnFailed(HandshakeFailure.Refused);
            var (session, info) = admission.IsClosed ? default : await _handshakes.PerformAsync(connection, admission, timeout.Token);
            admission.OnFirstBytes();
            _timeouts.Return(timeout);
            return new(admission, session, info);
        }
        catch
        {
            admission.Dispose();
            timeout.Dispose();
            throw;
        }
    }

    /// <param name="Session">Null if there is nothing to serve.</param>
    /// <param name="Info">Null if the connection ends after the handshake.</param>
    readonly record struct HandshakeResult(Admission Admission, ITlsSession? Session, TlsConnectionInfo? Info);

    sealed record EarlyHandshake(HandshakeResult Result);
}
