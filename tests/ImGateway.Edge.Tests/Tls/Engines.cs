using ImGateway.BouncyCastle;
using ImGateway.Edge.Tls;
using ImGateway.Edge.Tls.SslStream;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Tls;

/// <summary>Engines may differ in cost, never in behaviour: what a client can see is tested with each of them.</summary>
static class Engines
{
    public static TheoryData<TestedEngine> All => [.. Enum.GetValues<TestedEngine>()];

    /// <summary>Those of the product: for what BouncyCastle's server cannot do (session tickets), and what is about OpenSSL or about speed.</summary>
    public static IReadOnlyList<TestedEngine> Product { get; } = [TestedEngine.SslStream];

    public static TheoryData<TestedEngine> OfProduct => [.. Product];

    public static ITlsEngine Create(TestedEngine engine) => engine is TestedEngine.BouncyCastle ? new BouncyCastleEngine() : new SslStreamEngine(TestProcess.Policy);
}
