using ImGateway.Edge.Configuration;

namespace ImGateway.Testing;

public static class TestedEngines
{
    /// <summary>
    /// The engine of edges whose test does not choose one: the <see cref="TlsEngine"/> that <c>IMGW_TEST_ENGINE</c> names, by default that of the product.
    /// </summary>
    public static TestedEngine Default { get; } = Enum.Parse<TestedEngine>(
        (Environment.GetEnvironmentVariable("IMGW_TEST_ENGINE") is { } name ? Enum.Parse<TlsEngine>(name) : new TlsSection().Engine).ToString());

    /// <summary>The value of <c>Edge:Tls:Engine</c>.</summary>
    /// <exception cref="ArgumentException">The engine is one of the tests only.</exception>
    public static TlsEngine OfProduct(this TestedEngine engine) => Enum.Parse<TlsEngine>(engine.ToString());
}
