namespace ImGateway.Edge.Operations;

/// <summary>How often something of this kind was counted since the start.</summary>
public sealed record NamedCount(string Name, long Count);

/// <summary>Handshakes since the start. Names are the labels of the metrics.</summary>
/// <param name="InProgress">Begun and not ended.</param>
/// <param name="Failed">Connections that ended before their handshake did.</param>
public sealed record HandshakeStatus(
    long Completed, long Resumed, long InProgress, long Failed, IReadOnlyList<NamedCount> Protocols, IReadOnlyList<NamedCount> Ciphers, IReadOnlyList<NamedCount> Failures);

/// <summary>WebSockets since the start.</summary>
/// <param name="Open">Now.</param>
/// <param name="Closed">By who ended them.</param>
/// <param name="BytesIn">Relayed from clients.</param>
/// <param name="BytesOut">Relayed to clients.</param>
public sealed record WebSocketStatus(int Open, IReadOnlyList<NamedCount> Closed, long BytesIn, long BytesOut);

/// <summary>Requests since the start. Names are the labels of the metrics.</summary>
/// <param name="Held">Waiting now for the gateway to come back.</param>
/// <param name="Codes">By class, as <c>2xx</c>.</param>
/// <param name="Refused">What the edge refused, connections too, by reason.</param>
public sealed record RequestStatus(
    long Answered,
    long Held,
    IReadOnlyList<NamedCount> Codes,
    IReadOnlyList<NamedCount> Routes,
    IReadOnlyList<NamedCount> Refused,
    IReadOnlyList<NamedCount> UpstreamErrors);
