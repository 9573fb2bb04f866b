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

    /// <summary>Connections over a limit that are kept until they have sent something, since they may be a CA's.</summary>
    public const int MostOverLimit = 64;

    readonly bool _headerRequired;
    readonly ProxyProtocol _proxies;
    readonly ConnectionLimits _limits;
    readonly RefusedMetrics _metrics;
    readonly RefusalLog _log;
    readonly SilentConnections _silent, _silentOverLimit;

    public ConnectionGate(CurrentOptions current, ConnectionLimits limits, RefusedMetrics metrics, RefusalLog log, TimeProvider time)
    {
        (_limits, _metrics, _log) = (limits, metrics, log);
        (_silent, _silentOverLimit) = (new SilentConnections(time), new SilentConnections(time, MostOverLimit));
        _headerRequired = current.Value.Listen.ProxyProtocol;
        _proxies = new ProxyProtocol(current);
        Handshakes = new HandshakeQueue(
            () => current.Value.Limits.HandshakesInProgress is > 0 and var chosen ? chosen : PlacesPerProcessor * Environment.ProcessorCount, WaitingPerPlace);
    }

    public HandshakeQueue Handshakes { get; }

    /// <summary>Connections over a limit that have sent nothing yet, at most <see cref="MostOverLimit"/>.</summary>
    public int SilentOverLimit => _silentOverLimit.Count;

    /// <summary>For connections with oneself: open to all, and they count nowhere.</summary>
    public static ConnectionGate ForProbes(TimeProvider time)
    {
        var current = new CurrentOptions(new EdgeOptions());
        return new ConnectionGate(
            current,
            new ConnectionLimits(current),
            new RefusedMetrics(Metrics.WithCustomRegistry(new CollectorRegistry())),
            new RefusalLog(NullLogger<RefusalLog>.Instance, time),
            time);
    }

    /// <summary>
    /// Takes the PROXY header and counts the connection: until its socket is closed, or, for one that is no <see cref="ClientConnection"/>, until what is
    /// returned is disposed of.
    /// </summary>
    /// <param name="wait">For what the client sends first; may be cancelled before its time, until <see cref="Admission.Heard"/>.</param>
    public async ValueTask<Admission> AdmitAsync(ConnectionContext connection, CancellationTokenSource wait)
    {
        var silence = _silent.Enter(wait);
        if (_headerRequired && await TakeHeaderAsync(connection, wait.Token) is { IsClosed: true } closed)
        {
            silence.End();
            return closed;
        }

        // A trusted proxy that speaks for many is limited by the total alone.
        var client = _proxies.IsTrusted(connection.RemoteEndPoint) ? null : ClientNetwork.Of(connection.RemoteEndPoint);
        var refusal = _limits.Enter(client);
        if (refusal is not ConnectionRefusal.None)
        {
            silence.End();
            return new Admission(null, null, refusal) { Silence = _silentOverLimit.Enter(wait) };
        }

        var admission = new Admission(_limits, client, refusal);
        if (connection.Features.Get<ClientConnection>() is not { } counted) return admission with { Silence = silence };
        counted.Lease.Hold(admission);
        return admission with { Counted = null, Silence = silence };
    }

    /// <summary>Ends connections that have sent nothing for so long.</summary>
    public void EndSilent(TimeSpan age)
    {
        _silent.EndOlderThan(age);
        _silentOverLimit.EndOlderThan(age);
    }

    /// <summary>Tells of a connection that ends because of <paramref name="refusal"/>.</summary>
    public void OnRefused(ConnectionRefusal refusal, EndPoint? client)
    {
        _metrics.OnRefused(refusal);
        _log.OnRefused(refusal, client, refusal switch
        {
            ConnectionRefusal.Connections => "as many are open as Edge:Limits:Connections allows",
            ConnectionRefusal.ConnectionsPerAddress => "it has as many open as Edge:Limits:ConnectionsPerAddress allows",
            ConnectionRefusal.Descriptors => $"the process has no file descriptors left for it; {OpenFiles.HowToRaise}",
            ConnectionRefusal.Memory => "as many are open as the memory limit of the container or unit has room for; raise it (systemd: MemoryMax=, docker: mem_limit)",
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

    /// <summary>It has sent nothing so far.</summary>
    public SilentConnections.Silence Silence { get; init; }

    /// <summary>It may still be a CA's, which is never refused.</summary>
    public bool IsOverLimit => Refusal is ConnectionRefusal.Connections or ConnectionRefusal.ConnectionsPerAddress;

    /// <summary>It has sent something, or has ended: what waited for it is its owner's alone again. May be called again.</summary>
    public void Heard() => Silence.End();

    public void Dispose()
    {
        Heard();
        Counted?.Leave(Client);
    }
}
