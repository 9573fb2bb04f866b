
namespace ImGateway.Edge.Operations.Status;

/// <summary>A label value with its count since the start.</summary>
public sealed record NamedCount(string Name, long Count);

/// <summary>Handshakes since the start. Names are the labels of the metrics.</summary>
/// <param name="InProgress">Handshakes in progress.</param>
/// <param name="Failed">Failed handshakes, by reason.</param>
public sealed record HandshakeStatus(
    long Completed, long Resumed, long InProgress, long Failed, IReadOnlyList<NamedCount> Protocols, IReadOnlyList<NamedCount> Ciphers, IReadOnlyList<NamedCount> Failures);

/// <summary>WebSockets since the start.</summary>
/// <param name="Open">WebSockets open now.</param>
/// <param name="Closed">Closed WebSockets, by who closed them.</param>
/// <param name="BytesIn">Bytes relayed from clients.</param>
/// <param name="BytesOut">Bytes relayed to clients.</param>
public sealed record WebSocketStatus(int Open, IReadOnlyList<NamedCount> Closed, long BytesIn, long BytesOut);

/// <summary>Requests since the start. Names are the labels of the metrics.</summary>
/// <param name="Held">Requests waiting now for the gateway to come back.</param>
/// <param name="Codes">Responses by class, for example <c>2xx</c>.</param>
/// <param name="Refused">Refused requests and connections, by reason.</param>
public sealed record RequestStatus(
    long Answered,
    long Held,
    IReadOnlyList<NamedCount> Codes,
    IReadOnlyList<NamedCount> Routes,
    IReadOnlyList<NamedCount> Refused,
    IReadOnlyList<NamedCount> UpstreamErrors);
