using System.Net;

namespace ImGateway.Edge.Connections;

/// <summary>Where clients connect, told apart from what operators connect to: <see cref="PublicTransport"/> listens on it.</summary>
/// <param name="address">What is bound.</param>
public sealed class PublicEndPoint(EndPoint address) : EndPoint
{
    public EndPoint Address => address;

    public override string ToString() => address.ToString()!;
}
