using System.Security.Cryptography;
using System.Text;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>The storage keys below <c>accounts/CA</c>: the account at one CA and its remaining limits.</summary>
static class AcmePaths
{
    public static string Limits(EdgeOptions options) => Account(options) + "/limits.json";

    /// <summary>The CA's host name, with a suffix if one host has several directories.</summary>
    public static string Account(EdgeOptions options) => Account(DirectoryOf(options));

    static string Account(Uri directory)
    {
        var ports = directory.IsDefaultPort ? "" : $"_{directory.Port}";
        var which = directory.AbsolutePath == "/directory"
            ? ""
            : "-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(directory.AbsolutePath)))[..8];
        var host = string.Concat(directory.IdnHost.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' ? c : '_'));
        return $"accounts/{host}{ports}{which}";
    }

    /// <summary>The configuration rules reject an invalid directory if the source is Acme; otherwise it is not used.</summary>
    public static Uri DirectoryOf(EdgeOptions options) =>
        AcmeDirectories.UrlOf(options.Acme.Directory) ?? new UriBuilder(Uri.UriSchemeHttps, "invalid").Uri;
}
