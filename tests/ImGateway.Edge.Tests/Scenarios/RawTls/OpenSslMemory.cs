using System.Buffers.Binary;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.RawTls;

/// <summary>An OpenSSL that counts what it allocates and aborts when memory is misused (<c>openssl-memory.c</c>), for an edge as a process.</summary>
sealed class OpenSslMemory
{
    readonly string _counters;

    OpenSslMemory(string library, string counters)
    {
        _counters = counters;
        Environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["LD_PRELOAD"] = library, ["IMGW_OPENSSL_MEMORY"] = counters };
    }

    /// <summary>For the process; one process at a time.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; }

    /// <summary>How many bytes are allocated and not freed.</summary>
    public long LiveBytes => Counter(1);

    /// <summary>How many blocks have been allocated.</summary>
    public long Allocations => Counter(2);

    public static async Task<OpenSslMemory> CompileAsync(TemporaryDirectory directory)
    {
        var source = Repository.PathOf("tests", "ImGateway.Edge.Tests", "Scenarios", "RawTls", "openssl-memory.c");
        var library = directory["openssl-memory.so"];
        var result = await ExternalTool.RunAsync("gcc", ["-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o", library, source, "-l:libcrypto.so.3"]);
        Assert.True(result.ExitCode == 0, result.All);
        return new OpenSslMemory(library, directory["openssl-memory"]);
    }

    long Counter(int index)
    {
        using var file = new FileStream(_counters, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        Span<byte> bytes = stackalloc byte[3 * sizeof(long)];
        file.ReadExactly(bytes);
        return BinaryPrimitives.ReadInt64LittleEndian(bytes[(index * sizeof(long))..]);
    }
}
