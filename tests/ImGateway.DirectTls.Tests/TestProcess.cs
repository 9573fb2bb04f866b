using System.Runtime.CompilerServices;

namespace ImGateway.DirectTls.Tests;

static class TestProcess
{
    /// <summary>The libraries of <c>tests/on-openssl-3.5</c> are for this process: real clients and compilers are of the system, and run on its libraries.</summary>
    [ModuleInitializer]
    public static void KeepLibraries() => Environment.SetEnvironmentVariable("LD_LIBRARY_PATH", null);
}
