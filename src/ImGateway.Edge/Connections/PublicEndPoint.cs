using System.Net;

namespace ImGateway.Edge.Connections;

/// <summary>Where clients connect: <see cref="PublicTransport"/> listens on it.</summary>
/// <param name="address">What is bound.</param>
public sealed class PublicEndPoint(EndPoint address) : EndPoint
{
    public EndPoint Address => address;

    public override string ToString() => address.ToString()!;
}

/// <summary>Where operators and their programs connect: <see cref="PublicTransport"/> listens on it, too.</summary>
/// <param name="address">What is bound.</param>
public sealed class ManagementEndPoint(EndPoint address) : EndPoint
{
    public EndPoint Address => address;

    public override string ToString() => address.ToString()!;
}
