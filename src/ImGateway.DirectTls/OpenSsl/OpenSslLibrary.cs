using System.Runtime.InteropServices;
using ImGateway.DirectTls.Native;

namespace ImGateway.DirectTls.OpenSsl;

/// <summary>The OpenSSL of the system, which must be one whose behaviour is known.</summary>
public static class OpenSslLibrary
{
    const uint First = 0x30000000, FirstUnknown = 0x30600000;

    /// <summary>Null if the transport can be used on this machine; otherwise the reason.</summary>
    public static string? Problem()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture is not (Architecture.X64 or Architecture.Arm64))
            return $"it needs Linux on x86-64 or arm64, this is {RuntimeInformation.RuntimeIdentifier}";
        if (!NativeLibrary.TryLoad("libssl.so.3", out _)) return "libssl.so.3 is missing";
        return ProblemOf((uint)LibCrypto.OpenSSL_version_num().Value);
    }

    internal static string? ProblemOf(uint version) =>
        version is >= First and < FirstUnknown ? null : $"it is known to work with OpenSSL 3.0 to 3.5, this is {Name(version)}";

    /// <summary>OPENSSL_VERSION_NUMBER(3): 0xMNN00PP0.</summary>
    internal static string Name(uint version) => $"{version >> 28}.{version >> 20 & 0xFF}.{version >> 4 & 0xFF}";
}
