using System.Security.Cryptography;
using System.Text;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates.Issuance;

/// <summary><c>DataDirectory/accounts/CA</c>: the account at one CA and what is left of its limits.</summary>
static class AcmePaths
{
    public static string Limits(EdgeOptions options) => Path.Combine(Account(options), "limits.json");

    /// <summary>Named by the CA's host; where one host has several directories, also by which.</summary>
    public static string Account(EdgeOptions options)
    {
        var directory = DirectoryOf(options);
        var ports = directory.IsDefaultPort ? "" : $"_{directory.Port}";
        var which = directory.AbsolutePath == "/directory"
            ? ""
            : "-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(directory.AbsolutePath)))[..8];
        var host = string.Concat(directory.IdnHost.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' ? c : '_'));
        return Path.Combine(options.DataDirectory, "accounts", host + ports + which);
    }

    public static Uri DirectoryOf(EdgeOptions options) => new(options.Acme.Directory switch
    {
        "letsencrypt" => "https://acme-v02.api.letsencrypt.org/directory",
        "letsencrypt-staging" => "https://acme-staging-v02.api.letsencrypt.org/directory",
        "zerossl" => "https://acme.zerossl.com/v2/DV90",
        var other => other,
    });
}
