using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace ImGateway.Edge.Connections;

/// <summary>
/// A connection of a transport whose end is bounded. After everything above the transport has ended, Kestrel's transport still sends what is in its
/// pipe, up to 64 KiB, waits for the client as long as that takes, and closes the socket only then: at the end of <see cref="DisposeAsync"/>.
/// </summary>
class EndingConnection(ConnectionContext transport, ConnectionEnds ends) : ConnectionContext
{
    /// <summary>Of Linux: <c>tcpi_bytes_acked</c> in <c>struct tcp_info</c>, since 4.1.</summary>
    const int Tcp = 6, TcpInfo = 11, BytesAcknowledged = 120;

    int _ending;
    long _since, _acknowledged;

    public override string ConnectionId { get => transport.ConnectionId; set => transport.ConnectionId = value; }

    public override IFeatureCollection Features => transport.Features;

    public override IDictionary<object, object?> Items { get => transport.Items; set => transport.Items = value; }

    public override IDuplexPipe Transport { get => transport.Transport; set => transport.Transport = value; }

    public override CancellationToken ConnectionClosed { get => transport.ConnectionClosed; set => transport.ConnectionClosed = value; }

    public override EndPoint? LocalEndPoint { get => transport.LocalEndPoint; set => transport.LocalEndPoint = value; }

    public override EndPoint? RemoteEndPoint { get => transport.RemoteEndPoint; set => transport.RemoteEndPoint = value; }

    public override void Abort(ConnectionAbortedException abortReason) => transport.Abort(abortReason);

    public override void Abort() => transport.Abort();

    /// <summary>From here on only what is on its way to the client is still sent, and that within a bound.</summary>
    public void BeginEnd()
    {
        if (Interlocked.Exchange(ref _ending, 1) != 0) return;
        _since = ends.Now;
        _acknowledged = Acknowledged();
        ends.Add(this);
    }

    public override async ValueTask DisposeAsync()
    {
        BeginEnd();
        try
        {
            await transport.DisposeAsync();
            await base.DisposeAsync();
        }
        finally
        {
            ends.Remove(this);
            OnClosed();
        }
    }

    /// <summary>Whether the client takes the rest more slowly than <paramref name="bytesPerSecond"/>, on average and after a period of grace.</summary>
    public bool IsTooSlow(int bytesPerSecond, TimeSpan grace)
    {
        var time = ends.ElapsedSince(_since) - grace;
        return time > TimeSpan.Zero && Acknowledged() - _acknowledged < Math.Max(1, bytesPerSecond * time.TotalSeconds);
    }

    /// <summary>The socket is closed.</summary>
    protected virtual void OnClosed()
    {
    }

    /// <summary>What the client's system has confirmed; 0 where that cannot be known, as of a Unix socket.</summary>
    long Acknowledged()
    {
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
