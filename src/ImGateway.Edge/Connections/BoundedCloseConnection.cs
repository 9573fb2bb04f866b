using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using ImGateway.DirectTls.Transport;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace ImGateway.Edge.Connections;

/// <summary>
/// A transport connection whose closing is bounded in time. After all middleware has ended, Kestrel's transport still sends the data in its
/// pipe, up to 64 KiB, without a time-out, and closes the socket only then, at the end of <see cref="DisposeAsync"/>.
/// </summary>
class BoundedCloseConnection(ConnectionContext transport, SlowCloseMonitor slowCloses) : ConnectionContext
{
    /// <summary>The option <c>TCP_INFO</c> of <c>IPPROTO_TCP</c>, and the offset of <c>tcpi_bytes_acked</c> in its <c>struct tcp_info</c> (Linux 4.1 and later).</summary>
    const int Tcp = 6, TcpInfo = 11, BytesAcknowledged = 120;

    int _isClosing;
    long _closingSince, _acknowledgedAtStart;

    public override string ConnectionId { get => transport.ConnectionId; set => transport.ConnectionId = value; }

    public override IFeatureCollection Features => transport.Features;

    public override IDictionary<object, object?> Items { get => transport.Items; set => transport.Items = value; }

    public override IDuplexPipe Transport { get => transport.Transport; set => transport.Transport = value; }

    public override CancellationToken ConnectionClosed { get => transport.ConnectionClosed; set => transport.ConnectionClosed = value; }

    public override EndPoint? LocalEndPoint { get => transport.LocalEndPoint; set => transport.LocalEndPoint = value; }

    public override EndPoint? RemoteEndPoint { get => transport.RemoteEndPoint; set => transport.RemoteEndPoint = value; }

    public override void Abort(ConnectionAbortedException abortReason) => transport.Abort(abortReason);

    public override void Abort() => transport.Abort();

    /// <summary>Starts the closing: from here on only pending data is sent, within a time limit.</summary>
    public void BeginClose()
    {
        if (Interlocked.Exchange(ref _isClosing, 1) != 0) return;
        _closingSince = slowCloses.Now;
        _acknowledgedAtStart = Acknowledged();
        slowCloses.Add(this);
    }

    public override async ValueTask DisposeAsync()
    {
        BeginClose();
        try
        {
            await transport.DisposeAsync();
            await base.DisposeAsync();
        }
        finally
        {
            slowCloses.Remove(this);
            OnClosed();
        }
    }

    /// <summary>Whether the client reads the pending data more slowly than <paramref name="bytesPerSecond"/> on average, after the grace period.</summary>
    public bool IsTooSlow(int bytesPerSecond, TimeSpan grace)
    {
        var time = slowCloses.ElapsedSince(_closingSince) - grace;
        return time > TimeSpan.Zero && Acknowledged() - _acknowledgedAtStart < Math.Max(1, bytesPerSecond * time.TotalSeconds);
    }

    /// <summary>Called when the socket is closed.</summary>
    protected virtual void OnClosed()
    {
    }

    /// <summary>Bytes that the client's TCP has acknowledged; 0 if unknown, as for a Unix socket.</summary>
    long Acknowledged()
    {
        if (Features.Get<DirectConnection>() is { } direct) return direct.AcknowledgedBytes;
        if (!OperatingSystem.IsLinux() || Features.Get<IConnectionSocketFeature>()?.Socket is not { } socket) return 0;
        Span<byte> info = stackalloc byte[BytesAcknowledged + sizeof(long)];
        try
        {
            return socket.GetRawSocketOption(Tcp, TcpInfo, info) == info.Length ? MemoryMarshal.Read<long>(info[BytesAcknowledged..]) : 0;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return 0;
        }
    }
}
