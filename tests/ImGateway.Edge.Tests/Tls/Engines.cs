using ImGateway.BouncyCastle;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;
using ImGateway.Edge.Tls.Direct;
using ImGateway.Edge.Tls.SslStream;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Tls;

/// <summary>Engines may differ in cost, never in behaviour: what a client can see is tested with each of them.</summary>
static class Engines
{
    /// <summary>The trait of the cases of a theory that chooses the engine: a run of the tests with another default engine leaves them out.</summary>
    const string Trait = "engine";

    public static TheoryData<TestedEngine> All => [.. Enum.GetValues<TestedEngine>().Select(engine => Row(engine))];

    /// <summary>Those of the product: for what BouncyCastle's server cannot do (session tickets), and what is about OpenSSL or about speed.</summary>
    public static IReadOnlyList<TestedEngine> Product { get; } = [.. Enum.GetValues<TlsEngine>().Select(engine => Enum.Parse<TestedEngine>(engine.ToString()))];

    public static TheoryData<TestedEngine> OfProduct => [.. Product.Select(engine => Row(engine))];

    public static TheoryDataRow<TestedEngine> Row(TestedEngine engine) => new TheoryDataRow<TestedEngine>(engine).WithTrait(Trait, engine.ToString());

    public static TheoryDataRow<TestedEngine, T> Row<T>(TestedEngine engine, T value) => new TheoryDataRow<TestedEngine, T>(engine, value).WithTrait(Trait, engine.ToString());

    public static TheoryDataRow<TestedEngine, T1, T2> Row<T1, T2>(TestedEngine engine, T1 first, T2 second) =>
        new TheoryDataRow<TestedEngine, T1, T2>(engine, first, second).WithTrait(Trait, engine.ToString());

    public static ITlsEngine Create(TestedEngine engine) => engine switch
    {
        TestedEngine.SslStream => new SslStreamEngine(TestProcess.Policy),
        TestedEngine.Direct => new DirectEngine(TestProcess.Policy),
        _ => new BouncyCastleEngine(),
    };
}
