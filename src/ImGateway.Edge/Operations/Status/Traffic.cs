using ImGateway.Edge.Connections;
using ImGateway.Edge.Connections.Limits;
using ImGateway.Edge.Proxying.Upstream;
using ImGateway.Edge.Tls;
using ImGateway.Edge.WebSockets;

namespace ImGateway.Edge.Operations.Status;

/// <summary>Traffic statistics, read from the metrics' counters on request, without cost for connections.</summary>
sealed class Traffic(
    TlsMetrics tls,
    ProxyMetrics proxy,
    RefusalMetrics refused,
    WebSocketMetrics relayed,
    WebSocketRegistry webSockets,
    ClientConnections connections)
{
    public int OpenWebSockets => webSockets.Count;

    /// <summary>Client connections on the public listeners.</summary>
    public int Connections => connections.Count;

    public long CompletedHandshakes => tls.Completed.Sum(completed => completed.Count);

    public long AnsweredRequests => proxy.Answered.Sum(answered => answered.Count);

    public HandshakeStatus Handshakes()
    {
        var completed = tls.Completed.ToList();
        var failures = Counts(tls.Failed);
        return new HandshakeStatus(
            completed.Sum(handshake => handshake.Count),
            completed.Where(handshake => handshake.Resumed).Sum(handshake => handshake.Count),
            tls.InProgress,
            failures.Sum(failure => failure.Count),
            Counts(completed.Select(handshake => (handshake.Protocol, handshake.Count))),
            Counts(completed.Select(handshake => (handshake.Cipher, handshake.Count))),
            failures);
    }

    public WebSocketStatus WebSockets() => new(OpenWebSockets, Counts(relayed.ClosedByCause), relayed.BytesIn, relayed.BytesOut);

    public RequestStatus Requests()
    {
        var answered = proxy.Answered.ToList();
        return new RequestStatus(
            answered.Sum(request => request.Count),
            proxy.Held,
            Counts(answered.Select(request => (request.Code < 100 ? "none" : $"{request.Code / 100}xx", request.Count))),
            Counts(answered.Select(request => (request.Route, request.Count))),
            Counts(refused.Counts),
            Counts(proxy.UpstreamErrors));
    }

    /// <summary>The counts above zero, most frequent first.</summary>
    static IReadOnlyList<NamedCount> Counts(IEnumerable<(string Name, long Count)> counted) =>
    [
        .. from count in counted
           group count.Count by count.Name into same
           let sum = same.Sum()
           where sum > 0
           orderby sum descending, same.Key
           select new NamedCount(same.Key, sum),
    ];
}
