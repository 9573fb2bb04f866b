using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Security;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Connections;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Logging.Abstractions;
using Prometheus;

namespace ImGateway.Edge.Tls;

/// <summary>
/// The TLS engine on SslStream: a connection middleware instead of Kestrel's UseHttps, which cannot select by a hello cut over records,
/// choose an alert, or tell why a handshake failed (docs/decisions/0003). One connection is <see cref="ServeAsync"/>, top to bottom.
/// </summary>
sealed class SslStreamEngine(
    ConnectionGate gate, ServerCertificateSelector selector, TlsMetrics metrics, HandshakeLog log, TlsSection options, TimeProvider time)
{
    // Most of what is not TLS on this port is a browser or script with the wrong scheme.
    static readonly ReadOnlyMemory<byte> PlainHttpAnswer =
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 35\r\nConnection: close\r\n\r\nThis port speaks TLS: use https://\n"u8.ToArray();

    readonly H2Preface _preface = new(time);
    readonly HandshakeTimeouts _timeouts = new(options.HandshakeTimeout, time);

    /// <summary>The same engine for handshakes with oneself: they count nowhere.</summary>
    public static SslStreamEngine ForProbes(ServerCertificateSelector selector, TlsSection options, TimeProvider time) => new(
        ConnectionGate.ForProbes(time),
        selector,
        new TlsMetrics(Metrics.WithCustomRegistry(new CollectorRegistry())),
        new HandshakeLog(NullLogger<HandshakeLog>.Instance, time),
        options,
        time);

    public ConnectionDelegate Middleware(ConnectionDelegate next) => connection => ServeAsync(connection, next);

    async Task ServeAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        // 1. Who it is, by the PROXY header if one is required, and whether there is room; then the handshake. Both bounded in time from accept on.
        var timeout = _timeouts.Rent();
        using var admission = await gate.AdmitAsync(connection, timeout);
        if (admission.Refusal is ConnectionRefusal.ProxyProtocol) metrics.OnFailed(HandshakeFailure.Refused);
        var (stream, info) = admission.IsClosed ? default : await HandshakeAsync(connection, admission, timeout.Token);
        admission.Heard();
        _timeouts.Return(timeout);
        if (stream is null) return;
        if (info is null)
        {
            connection.Features.Get<ClientConnection>()?.BeginEnd();
            await EndAsync(stream);
            return;
        }

        connection.Features.Set<ITlsConnectionFeature>(info);
        connection.Features.Set<ITlsHandshakeFeature>(info);
        connection.Features.Set<ITlsApplicationProtocolFeature>(info);
        connection.Features.Set(info);

        // 2. HTTP over the decrypted stream. Zero-byte reads: an idle connection holds no buffer.
        var pool = connection.Features.Get<IMemoryPoolFeature>()?.MemoryPool ?? MemoryPool<byte>.Shared;
        var outside = connection.Transport;
        var inside = new StreamDuplex(
            PipeReader.Create(stream, new StreamPipeReaderOptions(pool, leaveOpen: true, useZeroByteReads: true)),
            PipeWriter.Create(stream, new StreamPipeWriterOptions(pool, leaveOpen: true)));
        try
        {
            connection.Transport = inside;
            var client = connection.Features.Get<ClientConnection>();
            if (info.IsHttp2) client?.EndsWithClient();
            if (!info.IsHttp2 || await _preface.CheckAsync(connection)) await next(connection);

            // 3. close_notify, so that a client can tell the end from a cut (RFC 8446 §6.1). The client may not read it: what waits here is bounded.
            client?.BeginEnd();
            await inside.Output.CompleteAsync();
            await inside.Input.CompleteAsync();
            await stream.ShutdownAsync();
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException or ConnectionAbortedException)
        {
            // The client is gone: there is nobody left to tell.
        }
        finally
        {
            connection.Transport = outside;
            await stream.DisposeAsync();
        }
    }

    /// <summary>close_notify at once: such a handshake never reaches HTTP.</summary>
    static async Task EndAsync(SslStream stream)
    {
        try
        {
            await stream.ShutdownAsync();
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException or ConnectionAbortedException)
        {
            // The client ended it first.
        }
        finally
        {
            await stream.DisposeAsync();
        }
    }

    /// <summary>
    /// No stream if it failed. A stream without more to know if the handshake was all there is: then it is a CA's and no client's, and is not
    /// counted among theirs.
    /// </summary>
    async Task<(SslStream?, TlsConnectionInfo?)> HandshakeAsync(ConnectionContext connection, Admission admission, CancellationToken timeout)
    {
        var started = time.GetTimestamp();
        metrics.OnStarted();
        SslStream? stream = null;
        TransportStream? transport = null;
        try
        {
            // 1. Client hello and selection. Over a limit nobody goes on but a CA, which is never refused.
            var selection = await SelectAsync(connection, admission, timeout);
            if (admission.IsOverLimit && selection.Served is not { EndsAfterHandshake: true })
            {
                TurnAway(connection, admission.Refusal);
                return default;
            }

            if (selection.Served is not { } served)
            {
                await RefuseAsync(connection, selection.Failure, timeout);
                return default;
            }

            // 2. A place among those who compute, in the order of arrival, where clients take turns.
            var queue = served.EndsAfterHandshake ? null : gate.Handshakes;
            var entering = queue is null ? new ValueTask<bool>(true) : queue.EnterAsync(admission.Client, timeout);
            var waits = !entering.IsCompleted;
            if (!await entering)
            {
                TurnAway(connection, ConnectionRefusal.Handshakes);
                return default;
            }

            // Who gave up while it waited is not worth a signature.
            transport = new TransportStream(connection.Transport, queue);
            if (waits && HasGone(connection.Transport.Input))
            {
                Fail(connection, HandshakeFailure.Closed, "closed while it waited for its turn");
                return default;
            }

            // 3. Handshake with what was prepared for the name.
            stream = new SslStream(transport, leaveInnerStreamOpen: true);
            await stream.AuthenticateAsServerAsync(served.Options, timeout);
            RecordBuffers.ReleaseWhenIdle(stream);

            // 4. What came of it.
            if (served.EndsAfterHandshake) return (stream, null);
            var info = new TlsConnectionInfo
            {
                Host = served.Host,
                Credential = served.Credential,
                Protocol = stream.SslProtocol,
                NegotiatedCipherSuite = stream.NegotiatedCipherSuite,
                ApplicationProtocol = stream.NegotiatedApplicationProtocol,
                Resumed = transport.EndHandshake(),
                IsStandIn = served.IsStandIn,
            };
            metrics.OnCompleted(info, time.GetElapsedTime(started));
            return (stream, info);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            if (admission.IsOverLimit) TurnAway(connection, admission.Refusal);
            else Fail(connection, HandshakeFailures.Classify(exception), exception.GetBaseException().Message);
            if (stream is not null) await stream.DisposeAsync();
            return default;
        }
        finally
        {
            transport?.LeaveQueue();
            metrics.OnEnded();
        }
    }

    async ValueTask<Selection> SelectAsync(ConnectionContext connection, Admission admission, CancellationToken cancellationToken)
    {
        var input = connection.Transport.Input;
        while (true)
        {
            var read = await input.ReadAsync(cancellationToken);
            admission.Heard();
            var status = ClientHello.Read(
                read.Buffer, (selector, connection), static (hello, at) => at.selector.Select(hello, (at.connection.LocalEndPoint as IPEndPoint)?.Address), out Selection selection);
            // Nothing is consumed: SslStream reads the hello again.
            input.AdvanceTo(read.Buffer.Start, status is HelloStatus.Incomplete ? read.Buffer.End : read.Buffer.Start);
            switch (status)
            {
                case HelloStatus.Complete: return selection;
                case HelloStatus.NotTls: return HandshakeFailure.NotTls;
                case HelloStatus.Ssl2: return HandshakeFailure.UnsupportedProtocol;
                case HelloStatus.Malformed: return HandshakeFailure.Other;
                case HelloStatus.Incomplete when read.IsCompleted: return HandshakeFailure.Closed;
            }
        }
    }

    static bool HasGone(PipeReader input)
    {
        if (!input.TryRead(out var read)) return false;
        input.AdvanceTo(read.Buffer.Start);
        return read.IsCompleted;
    }

    async Task RefuseAsync(ConnectionContext connection, HandshakeFailure failure, CancellationToken cancellationToken)
    {
        var (answer, detail) = failure switch
        {
            HandshakeFailure.UnknownName => (TlsAlerts.UnrecognizedName, "the name is not one of Edge:Hosts"),
            HandshakeFailure.Refused => (TlsAlerts.InternalError, "no certificate yet for this name"),
            HandshakeFailure.NoApplicationProtocol => (TlsAlerts.NoApplicationProtocol, "nothing is served by the protocol offered alone"),
            HandshakeFailure.UnsupportedProtocol => (TlsAlerts.ProtocolVersion, "a hello in the form of SSL 2.0"),
            HandshakeFailure.Other => (TlsAlerts.DecodeError, "no valid client hello"),
            HandshakeFailure.NotTls => (PlainHttpAnswer, "not a TLS client hello"),
            _ => ((ReadOnlyMemory<byte>)default, "closed before a client hello"),
        };
        Fail(connection, failure, detail);
        try
        {
            if (!answer.IsEmpty) await connection.Transport.Output.WriteAsync(answer, cancellationToken);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // The failure is counted; that the client cannot be informed of it is not another one.
        }
    }

    /// <summary>Closed without an alert: whoever is too many costs as little as can be.</summary>
    void TurnAway(ConnectionContext connection, ConnectionRefusal refusal)
    {
        metrics.OnFailed(HandshakeFailure.Refused);
        gate.OnRefused(refusal, connection.RemoteEndPoint);
    }

    void Fail(ConnectionContext connection, HandshakeFailure failure, string detail)
    {
        metrics.OnFailed(failure);
        log.OnFailed(failure, connection.RemoteEndPoint, detail);
    }

    sealed class StreamDuplex(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input => input;

        public PipeWriter Output => output;
    }
}
