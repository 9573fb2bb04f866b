using ImGateway.Edge.WebSockets;
using Prometheus;

namespace ImGateway.Edge.Tests.WebSockets;

/// <summary>A relay between two connections in memory.</summary>
sealed class RelayInMemory : IAsyncDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <param name="endsWaitsEarly">Of the upstream's side: <see cref="MemoryDuplex.EndsWaitsEarly"/>.</param>
    public RelayInMemory(bool endsWaitsEarly = false)
    {
        var (client, clientsEdge) = MemoryDuplex.Pair();
        var (upstream, upstreamsEdge) = MemoryDuplex.Pair();
        upstreamsEdge.EndsWaitsEarly = endsWaitsEarly;
        (Client, Upstream) = (client, upstream);
        Socket = new WebSocketRelay("ws", clientsEdge, upstreamsEdge, new WebSocketMetrics(Prometheus.Metrics.WithCustomRegistry(new CollectorRegistry())), TimeProvider.System);
        Ended = RunAsync(clientsEdge);
    }

    public MemoryDuplex Client { get; }

    public MemoryDuplex Upstream { get; }

    public WebSocketRelay Socket { get; }

    public Task<RelayOutcome> Ended { get; }

    public async ValueTask SendFromUpstreamAsync(params Frame[] frames)
    {
        foreach (var frame in frames) await Upstream.WriteAsync(frame.ToBytes());
    }

    public static async Task<byte[]> ReadAsync(Stream stream, int count)
    {
        using var patience = new CancellationTokenSource(Patience);
        var bytes = new byte[count];
        await stream.ReadExactlyAsync(bytes, patience.Token);
        return bytes;
    }

    public static async Task<byte[]> ReadToEndAsync(Stream stream)
    {
        using var patience = new CancellationTokenSource(Patience);
        using var all = new MemoryStream();
        await stream.CopyToAsync(all, patience.Token);
        return all.ToArray();
    }

    public Task<RelayOutcome> EndAsync() => Ended.WaitAsync(Patience);

    public async ValueTask DisposeAsync()
    {
        Socket.Abort(ClosedBy.Error);
        await EndAsync();
        Socket.Dispose();
        await Client.DisposeAsync();
        await Upstream.DisposeAsync();
    }

    /// <summary>As the server does: the client's side ends when the relay has.</summary>
    async Task<RelayOutcome> RunAsync(MemoryDuplex clientsEdge)
    {
        var end = await Socket.RunAsync();
        await clientsEdge.DisposeAsync();
        return end;
    }
}
