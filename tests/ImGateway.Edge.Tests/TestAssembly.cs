using System.Runtime.CompilerServices;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests;

static class TestAssembly
{
    /// <summary>Edges under test, in this process and others, go through no proxy but a test's.</summary>
    [ModuleInitializer]
    internal static void ForgetProxies()
    {
        foreach (var name in (string[])["HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"])
        {
            Environment.SetEnvironmentVariable(name, null);
            Environment.SetEnvironmentVariable(name.ToLowerInvariant(), null);
        }
    }

    /// <summary>As in <c>Main</c>: the policy holds only if it comes before any cryptography of this process.</summary>
    [ModuleInitializer]
    internal static void ApplyTlsPolicy() => RuntimeHelpers.RunClassConstructor(typeof(TestProcess).TypeHandle);
}
