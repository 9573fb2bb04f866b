using System.Runtime.CompilerServices;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Tests;

static class TestAssembly
{
    /// <summary>As in <c>Main</c>: the policy holds only if it comes before any cryptography of this process.</summary>
    [ModuleInitializer]
    internal static void ApplyTlsPolicy() => TlsPolicyFile.Apply();
}
