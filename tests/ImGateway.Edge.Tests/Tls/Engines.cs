using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Tests.Tls;

/// <summary>Engines may differ in cost, never in behaviour: what a client can see is tested with each of them.</summary>
static class Engines
{
    public static TheoryData<TlsEngine> All => [.. Enum.GetValues<TlsEngine>()];
}
