using System.Reflection;
using System.Security.Cryptography;

namespace ImGateway.Edge.Operations.Status;

/// <summary>The versions of the program, .NET and OpenSSL.</summary>
/// <param name="Commit">The commit; empty in a build outside a repository.</param>
public sealed record BuildInfo(string Version, string Commit, string OpenSsl)
{
    /// <summary>Reads OpenSSL's version, which initializes OpenSSL, so call it only after the TLS policy has been loaded.</summary>
    public static BuildInfo Read()
    {
        var informational = typeof(BuildInfo).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0.0.0";
        var plus = informational.IndexOf('+');
        return plus < 0
            ? new BuildInfo(informational, "", OpenSslVersion())
            : new BuildInfo(informational[..plus], informational[(plus + 1)..], OpenSslVersion());
    }

    // OPENSSL_VERSION_NUMBER(3): 0xMNN00PP0, major, minor, patch.
    static string OpenSslVersion()
    {
        if (!OperatingSystem.IsLinux()) return "none";
        var version = SafeEvpPKeyHandle.OpenSslVersion;
        return $"{(version >> 28) & 0xf}.{(version >> 20) & 0xff}.{(version >> 4) & 0xff}";
    }
}
