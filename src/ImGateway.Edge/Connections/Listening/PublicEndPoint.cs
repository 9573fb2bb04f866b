using System.Net;

namespace ImGateway.Edge.Connections.Listening;

/// <summary>An endpoint for clients, on which <see cref="ListenerTransportFactory"/> listens.</summary>
/// <param name="address">The address to bind.</param>
/// <param name="setting">The name for error messages; null = the address.</param>
public sealed class PublicEndPoint(EndPoint address, string? setting = null) : EndPoint
{
    public EndPoint Address => address;

    public string Setting => setting ?? ToString();

    /// <summary>The transport that accepts; null = .NET's sockets.</summary>
    internal IListenerTransport? Transport { get; init; }

    public override string ToString() => address.ToString()!;
}

/// <summary>An endpoint for operators and their programs, on which <see cref="ListenerTransportFactory"/> listens too.</summary>
/// <param name="address">The address to bind.</param>
/// <param name="setting">The name for error messages; null = the address.</param>
public sealed class ManagementEndPoint(EndPoint address, string? setting = null) : EndPoint
{
    public EndPoint Address => address;

    public string Setting => setting ?? ToString();

    public override string ToString() => address.ToString()!;
}
