using System.Net;
using ImGateway.Edge.Configuration;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging.Abstractions;
using Prometheus;

namespace ImGateway.Edge.Connections;

/// <summary>What a connection on a public listener passes before anything is said on it, whether TLS comes next or not.</summary>
sealed class ConnectionGate
{
    // About what four seconds of work of the processors are: nearly all of it is one signature and one key exchange, a millisecond together.
    // Who would wait much longer is timed out or goes away.
    const int PlacesPerProcessor = 2, WaitingPerPlace = 2048;

    readonly bool _headerRequired;
    readonly ProxyProtocol _proxies;
    readonly ConnectionLimits _limits;
    readonly RefusedMetrics _metrics;
    readonly RefusalLog _log;

    public ConnectionGate(CurrentOptions current, ConnectionLimits limits, RefusedMetrics metrics, RefusalLog log)
    {
        (_limits, _metrics, _log) = (limits, metrics, log);
        _headerRequired = current.Value.Listen.ProxyProtocol;
        _proxies = new ProxyProtocol(current);
        Handshakes = new HandshakeQueue(
            () => current.Value.Limits.HandshakesInProgress is > 0 and var chosen ? chosen : PlacesPerProcessor * Environment.ProcessorCount, WaitingPerPlace);
    }

    public HandshakeQueue Handshakes { get; }

    /// <summary>For connections with oneself: open to all, and they count nowhere.</summary>
    public static ConnectionGate ForProbes(TimeProvider time)
    {
        var current = new CurrentOptions(new EdgeOptions());
        return new ConnectionGate(
            current,
            new ConnectionLimits(current),
            new RefusedMetrics(Metrics.WithCustomRegistry(new CollectorRegistry())),
            new RefusalLog(NullLogger<RefusalLog>.Instance, time));
    }

    /// <summary>
    /// Takes the PROXY header and counts the connection: until its socket is closed, or, for one that is no <see cref="ClientConnection"/>, until what is
    /// returned is disposed of.
    /// </summary>
    public async ValueTask<Admission> AdmitAsync(ConnectionContext connection, CancellationToken cancellationToken)
    {
        if (_headerRequired && await TakeHeaderAsync(connection, cancellationToken) is { IsClosed: true } closed) return closed;
        // A trusted proxy that speaks for many is limited by the total alone.
        var client = _proxies.IsTrusted(connection.RemoteEndPoint) ? null : ClientNetwork.Of(connection.RemoteEndPoint);
        if (_limits.Enter(client) is var refusal and not ConnectionRefusal.None) return new Admission(null, null, refusal);
        var admission = new Admission(_limits, client, ConnectionRefusal.None);
        if (connection.Features.Get<ClientConnection>() is not { } counted) return admission;
        counted.Hold(admission);
        return admission with { Counted = null };
    }

    /// <summary>Tells of a connection that ends because of <paramref name="refusal"/>.</summary>
    public void OnRefused(ConnectionRefusal refusal, EndPoint? client)
    {
        _metrics.OnRefused(refusal);
        _log.OnRefused(refusal, client, refusal switch
        {
            ConnectionRefusal.Connections => "as many are open as Edge:Limits:Connections allows",
            ConnectionRefusal.ConnectionsPerAddress => "it has as many open as Edge:Limits:ConnectionsPerAddress allows",
            _ => "too many handshakes wait for their turn",
        });
    }

    async ValueTask<Admission> TakeHeaderAsync(ConnectionContext connection, CancellationToken cancellationToken)
    {
        string? failure;
        try
        {
            failure = await _proxies.TakeAsync(connection, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            failure = "sent no whole PROXY header within Edge:Tls:HandshakeTimeout";
        }
        catch (IOException)
        {
            failure = "";
        }

        if (failure is null) return default;
        if (failure.Length == 0) return new Admission { IsClosed = true };
        _metrics.OnRefused(ConnectionRefusal.ProxyProtocol);
        _log.OnRefused(ConnectionRefusal.ProxyProtocol, connection.RemoteEndPoint, failure);
        return new Admission(null, null, ConnectionRefusal.ProxyProtocol) { IsClosed = true };
    }
}

/// <summary>A connection's place among those that are open, or why it has none.</summary>
readonly record struct Admission(ConnectionLimits? Counted, ClientNetwork? Client, ConnectionRefusal Refusal) : IDisposable
{
    /// <summary>There is nobody, or nobody with whom to speak.</summary>
    public bool IsClosed { get; init; }

    /// <summary>It may still be a CA's, which is never refused.</summary>
    public bool IsOverLimit => Refusal is ConnectionRefusal.Connections or ConnectionRefusal.ConnectionsPerAddress;

    public void Dispose() => Counted?.Leave(Client);
}
