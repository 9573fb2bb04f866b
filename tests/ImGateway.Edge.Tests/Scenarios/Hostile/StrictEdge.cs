using ImGateway.Edge.Tests.Proxying;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Hostile;

/// <summary>An edge, and behind it an upstream that reads by the letter.</summary>
public sealed class StrictEdge : IAsyncLifetime
{
    public StrictUpstream Upstream { get; } = StrictUpstream.Start();

    internal ProxyHost Edge { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Edge = await ProxyHost.StartAsync(ProxyHost.Options(Upstream.Address));

    public async ValueTask DisposeAsync()
    {
        await Edge.DisposeAsync();
        await Upstream.DisposeAsync();
    }
}
