using System.IO.Pipelines;
using System.Net;
using ImGateway.Edge.Connections;
using ImGateway.Edge.Connections.Limits;
using Microsoft.AspNetCore.Connections;

namespace ImGateway.Edge.Tls;

/// <summary>A handshake from the ClientHello to its outcome, except for the part that depends on the engine.</summary>
sealed class TlsHandshakes(ConnectionGate gate, ServerCertificateSelector selector, TlsMetrics metrics, HandshakeLog log, TimeProvider time)
{
    // Most clients that do not speak TLS on this port are browsers or scripts with the wrong scheme.
    static readonly ReadOnlyMemory<byte> PlainHttpResponse =
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 35\r\nConnection: close\r\n\r\nThis port speaks TLS: use https://\n"u8.ToArray();

    /// <summary>
    /// No session if the handshake failed. A session without connection information if the connection ends after the handshake: then it is a CA's and is not
    /// counted.
    /// </summary>
    public async Task<(ITlsSession?, TlsConnectionInfo?)> PerformAsync(ConnectionContext connection, Admission admission, CancellationToken timeout)
    {
        var started = time.GetTimestamp();
        metrics.OnStarted();
        HandshakeSlot? slot = null;
        try
        {
            // 1. ClientHello and selection. Over a limit only a CA continues, which is never refused.
            var selection = await SelectAsync(connection, admission, timeout);
            if (admission.IsOverLimit && selection.Served is not { EndsAfterHandshake: true })
            {
                RefuseWithoutAlert(connection, admission.Refusal);
                return default;
            }

            if (selection.Served is not { } served)
            {
                await RefuseAsync(connection, selection.Failure, timeout);
                return default;
            }

            // 2. Wait for a concurrency slot: in order of arrival, round-robin among clients.
            var queue = served.EndsAfterHandshake ? null : gate.Handshakes;
            var entering = queue is null ? new ValueTask<bool>(true) : queue.AcquireAsync(admission.Client, timeout);
            var waits = !entering.IsCompleted;
            if (!await entering)
            {
                RefuseWithoutAlert(connection, ConnectionRefusal.Handshakes);
                return default;
            }

            // Do not compute a handshake for a client that has disconnected while it waited.
            slot = new HandshakeSlot(queue);
            if (waits && HasClosed(connection.Transport.Input))
            {
                Fail(connection, HandshakeFailure.Closed, "closed while it waited for a handshake slot");
                return default;
            }

            // 3. The engine's handshake with the context of the name.
            var session = await served.Context.AuthenticateAsync(connection, slot, timeout);

            // 4. The outcome.
            if (served.EndsAfterHandshake) return (session, null);
            var info = new TlsConnectionInfo
            {
                Host = served.Host,
                Credential = served.Credential,
                Protocol = session.Protocol,
                NegotiatedCipherSuite = session.CipherSuite,
                ApplicationProtocol = session.ApplicationProtocol,
                Resumed = session.Resumed,
                IsTemporary = served.IsTemporary,
            };
            metrics.OnCompleted(info, time.GetElapsedTime(started));
            return (session, info);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            if (admission.IsOverLimit) RefuseWithoutAlert(connection, admission.Refusal);
            else Fail(connection, Classify(exception), exception.GetBaseException().Message);
            return default;
        }
        finally
        {
            slot?.Release();
            metrics.OnEnded();
        }
    }

    async ValueTask<Selection> SelectAsync(ConnectionContext connection, Admission admission, CancellationToken cancellationToken)
    {
        var input = connection.Transport.Input;
        var awaited = 1;
        while (true)
        {
            var read = await input.ReadAsync(cancellationToken);
            admission.OnFirstBytes();
            // Not ReadAtLeastAsync: that of a Pipe sometimes never completes if the input comes in small segments.
            if (read.Buffer.Length < awaited && !read.IsCompleted)
            {
                input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                continue;
            }

            var status = ClientHello.Read(
                read.Buffer,
                (selector, connection),
                static (hello, at) => at.selector.Select(hello, (at.connection.LocalEndPoint as IPEndPoint)?.Address),
                out Selection selection,
                out var missing);
            awaited = (int)read.Buffer.Length + missing;
            // Nothing is consumed: the engine reads the ClientHello again.
            input.AdvanceTo(read.Buffer.Start, status is ClientHelloStatus.Incomplete ? read.Buffer.End : read.Buffer.Start);
            switch (status)
            {
                case ClientHelloStatus.Complete: return selection;
                case ClientHelloStatus.NotTls: return HandshakeFailure.NotTls;
                case ClientHelloStatus.Ssl2: return HandshakeFailure.UnsupportedProtocol;
                case ClientHelloStatus.Malformed: return HandshakeFailure.Other;
                case ClientHelloStatus.Incomplete when read.IsCompleted: return HandshakeFailure.Closed;
            }
        }
    }

    static bool HasClosed(PipeReader input)
    {
        if (!input.TryRead(out var read)) return false;
        input.AdvanceTo(read.Buffer.Start);
        return read.IsCompleted;
    }

    async Task RefuseAsync(ConnectionContext connection, HandshakeFailure failure, CancellationToken cancellationToken)
    {
        var (response, detail) = failure switch
        {
            HandshakeFailure.UnknownName => (TlsAlerts.UnrecognizedName, "the name is not one of Edge:Hosts"),
            HandshakeFailure.Refused => (TlsAlerts.InternalError, "no certificate yet for this name"),
            HandshakeFailure.NoApplicationProtocol => (TlsAlerts.NoApplicationProtocol, "the client offers only an ALPN protocol that is not served now"),
            HandshakeFailure.UnsupportedProtocol => (TlsAlerts.ProtocolVersion, "a hello in the form of SSL 2.0"),
            HandshakeFailure.Other => (TlsAlerts.DecodeError, "no valid client hello"),
            HandshakeFailure.NotTls => (PlainHttpResponse, "not a TLS client hello"),
            _ => ((ReadOnlyMemory<byte>)default, "closed before a client hello"),
        };
        Fail(connection, failure, detail);
        try
        {
            if (!response.IsEmpty) await connection.Transport.Output.WriteAsync(response, cancellationToken);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // The failure is counted already; sending the alert is best effort.
        }
    }

    /// <summary>Closes without an alert, so that a refused connection costs as little as possible.</summary>
    void RefuseWithoutAlert(ConnectionContext connection, ConnectionRefusal refusal)
    {
        metrics.OnFailed(HandshakeFailure.Refused);
        gate.OnRefused(refusal, connection.RemoteEndPoint);
    }

    void Fail(ConnectionContext connection, HandshakeFailure failure, string detail)
    {
        metrics.OnFailed(failure);
        log.OnFailed(failure, connection.RemoteEndPoint, detail);
    }

    HandshakeFailure Classify(Exception exception) => exception switch
    {
        OperationCanceledException => HandshakeFailure.Timeout,
        IOException => HandshakeFailure.Closed,
        _ => selector.Engine.Classify(exception),
    };
}
