using ImGateway.Edge;
using ImGateway.Edge.Tls.Policy;

namespace ImGateway.Testing;

/// <summary>What <c>Main</c> does first, done once for a process of tests by its module initializer: the policy holds only if it comes before any cryptography.</summary>
public static class TestProcess
{
    public static LoadedTlsPolicy Policy { get; } = TlsPolicyFile.Apply();

    public static TlsEngineFactory Engines { get; } = new(Policy);
}
