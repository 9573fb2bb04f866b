using System.Net;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Connections.Limits;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging.Abstractions;
using Prometheus;

namespace ImGateway.Edge.Connections;

/// <summary>Admission of connections on public listeners, with or without TLS: PROXY header, limits, handshake queue.</summary>
sealed class ConnectionGate
{
    // The queue is about four seconds of work for the processors: a handshake is mostly one signature and one key exchange, a millisecond together.
    // A client that waits much longer times out or disconnects.
    const int SlotsPerProcessor = 2, WaitingPerSlot = 2048;

    /// <summary>The number of connections over a limit that are kept until they have sent something, because they may be a CA's.</summary>
    public const int MaxOverLimit = 64;

    readonly bool _headerRequired;
    readonly ProxyProtocol _proxies;
    readonly ConnectionLimits _limits;
    readonly RefusalMetrics _metrics;
    readonly RefusalLog _log;
    readonly SilentConnections _silent, _silentOverLimit;

    public ConnectionGate(CurrentOptions current, ConnectionLimits limits, RefusalMetrics metrics, RefusalLog log, TimeProvider time)
    {
        (_limits, _metrics, _log) = (limits, metrics, log);
        (_silent, _silentOverLimit) = (new SilentConnections(time), new SilentConnections(time, MaxOverLimit));
        _headerRequired = current.Value.Listen.ProxyProtocol;
        _proxies = new ProxyProtocol(current);
        Handshakes = new HandshakeQueue(
            () => current.Value.Limits.HandshakesInProgress is > 0 and var chosen ? chosen : SlotsPerProcessor * Environment.ProcessorCount, WaitingPerSlot);
    }

    public HandshakeQueue Handshakes { get; }

    /// <summary>Connections over a limit that have sent nothing yet, at most <see cref="MaxOverLimit"/>.</summary>
    public int SilentOverLimit => _silentOverLimit.Count;

    /// <summary>A gate for in-memory probes: without limits or metrics.</summary>
    public static ConnectionGate ForSelfTests(TimeProvider time)
    {
        var current = new CurrentOptions(new EdgeOptions());
        return new ConnectionGate(
            current,
            new ConnectionLimits(current),
            new RefusalMetrics(Metrics.WithCustomRegistry(new CollectorRegistry())),
            new RefusalLog(NullLogger<RefusalLog>.Instance, time),
            time);
    }

    /// <summary>
    /// Consumes the PROXY header and counts the connection until its socket is closed, or, without a <see cref="ClientConnection"/>, until the
    /// returned admission is disposed.
    /// </summary>
    /// <param name="wait">The time-out for the client's first bytes; may be cancelled early, until <see cref="Admission.OnFirstBytes"/>.</param>
    public async ValueTask<Admission> AdmitAsync(ConnectionContext connection, CancellationTokenSource wait)
    {
        var silence = _silent.Enter(wait);
        try
        {
            if (_headerRequired && await TakeHeaderAsync(connection, wait.Token) is { IsClosed: true } closed)
            {
                silence.End();
                return closed;
            }
        }
        catch
        {
            // The caller disposes the source.
            silence.End();
            throw;
        }

        // A trusted proxy carries many clients, so only the total limit applies.
        var client = _proxies.IsTrusted(connection.RemoteEndPoint) ? null : ClientNetwork.Of(connection.RemoteEndPoint);
        var refusal = _limits.Enter(client);
        if (refusal is not ConnectionRefusal.None)
        {
            silence.End();
            return new Admission(null, null, refusal) { Registration = _silentOverLimit.Enter(wait) };
        }

        var admission = new Admission(_limits, client, refusal);
        if (connection.Features.Get<ClientConnection>() is not { } counted) return admission with { Registration = silence };
        counted.Lease.Hold(admission);
        return admission with { Limits = null, Registration = silence };
    }

    /// <summary>Closes connections that have sent nothing for <paramref name="age"/>.</summary>
    public void CloseSilent(TimeSpan age)
    {
        _silent.CancelOlderThan(age);
        _silentOverLimit.CancelOlderThan(age);
    }

    /// <summary>Counts and logs a refused connection.</summary>
    public void OnRefused(ConnectionRefusal refusal, EndPoint? client)
    {
        _metrics.OnRefused(refusal);
        _log.OnRefused(refusal, client, refusal switch
        {
            ConnectionRefusal.Connections => "as many are open as Edge:Limits:Connections allows",
            ConnectionRefusal.ConnectionsPerAddress => "it has as many open as Edge:Limits:ConnectionsPerAddress allows",
            ConnectionRefusal.Descriptors => $"the process has no file descriptors left for it; {OpenFiles.HowToRaise}",
            ConnectionRefusal.Memory => "as many are open as the memory limit of the container or unit has room for; raise it (systemd: MemoryMax=, docker: mem_limit)",
            _ => "too many handshakes are waiting",
        });
    }

    async ValueTask<Admission> TakeHeaderAsync(ConnectionContext connection, CancellationToken cancellationToken)
    {
        string? failure;
        try
        {
            failure = await _proxies.ConsumeHeaderAsync(connection, cancellationToken);
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

/// <summary>The result of admission: the counted connection, or the reason of the refusal.</summary>
readonly record struct Admission(ConnectionLimits? Limits, ClientNetwork? Client, ConnectionRefusal Refusal) : IDisposable
{
    /// <summary>The connection is closed or its PROXY header was refused.</summary>
    public bool IsClosed { get; init; }

    /// <summary>The entry among the silent connections.</summary>
    public SilentConnections.Registration Registration { get; init; }

    /// <summary>The connection exceeds a limit, but may be a CA's, which is never refused.</summary>
    public bool IsOverLimit => Refusal is ConnectionRefusal.Connections or ConnectionRefusal.ConnectionsPerAddress;

    /// <summary>The client has sent something or has disconnected: the time-out is no longer cancelled by the gate. May be called again.</summary>
    public void OnFirstBytes() => Registration.End();

    public void Dispose()
    {
        OnFirstBytes();
        Limits?.Leave(Client);
    }
}
