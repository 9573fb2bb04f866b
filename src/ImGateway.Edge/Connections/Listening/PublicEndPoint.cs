using System.Net;

namespace ImGateway.Edge.Connections.Listening;

/// <summary>Where clients connect: <see cref="PublicTransport"/> listens on it.</summary>
/// <param name="address">What is bound.</param>
/// <param name="setting">As problems name it; null = the address.</param>
public sealed class PublicEndPoint(EndPoint address, string? setting = null) : EndPoint
{
    public EndPoint Address => address;

    public string Setting => setting ?? ToString();

    /// <summary>What accepts; null = .NET's sockets.</summary>
    internal IListenerTransport? Transport { get; init; }

    public override string ToString() => address.ToString()!;
}

/// <summary>Where operators and their programs connect: <see cref="PublicTransport"/> listens on it, too.</summary>
/// <param name="address">What is bound.</param>
/// <param name="setting">As problems name it; null = the address.</param>
public sealed class ManagementEndPoint(EndPoint address, string? setting = null) : EndPoint
{
    public EndPoint Address => address;

    public string Setting => setting ?? ToString();

    public override string ToString() => address.ToString()!;
}
