using System.Net.Security;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace ImGateway.Edge.Tls.SslStream;

/// <summary>
/// Sets the OCSP response that the handshakes of a certificate context staple. .NET has no public API for it: a context either downloads the response
/// itself, without validating it, or never staples. So the private fields that a context staples from are written (docs/decisions/0005).
/// </summary>
static class OcspStaple
{
    /// <summary>False if this runtime keeps the response elsewhere: then nothing is stapled, and nothing else changes.</summary>
    public static bool IsAvailable { get; } =
        Has<bool>("_staplingForbidden") && Has<byte[]>("_ocspResponse") && Has<DateTimeOffset>("_ocspExpiration")
        && Has<DateTimeOffset>("_nextDownload") && Has<List<string>>("_ocspUrls");

    /// <summary>For a context that no handshake has used yet: OpenSSL enables stapling at the first one.</summary>
    public static void Prepare(SslStreamCertificateContext context, byte[]? response)
    {
        if (!IsAvailable) return;
        // An empty list enables stapling without a URL to download from. With an unlimited expiration .NET never downloads
        // another response: the code that fetched the response decides when it expires.
        Urls(context) = [];
        Expiration(context) = DateTimeOffset.MaxValue;
        NextDownload(context) = DateTimeOffset.MaxValue;
        Forbidden(context) = false;
        Replace(context, response);
    }

    /// <summary>A single reference write: a handshake in progress staples the old response or the new one. Null = no stapling from now on.</summary>
    public static void Replace(SslStreamCertificateContext context, byte[]? response)
    {
        if (IsAvailable) Volatile.Write(ref Response(context), response);
    }

    public static byte[]? Get(SslStreamCertificateContext context) => IsAvailable ? Volatile.Read(ref Response(context)) : null;

    static bool Has<T>(string name) =>
        typeof(SslStreamCertificateContext).GetField(name, BindingFlags.Instance | BindingFlags.NonPublic)?.FieldType == typeof(T);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_staplingForbidden")]
    static extern ref bool Forbidden(SslStreamCertificateContext context);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_ocspResponse")]
    static extern ref byte[]? Response(SslStreamCertificateContext context);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_ocspExpiration")]
    static extern ref DateTimeOffset Expiration(SslStreamCertificateContext context);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_nextDownload")]
    static extern ref DateTimeOffset NextDownload(SslStreamCertificateContext context);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_ocspUrls")]
    static extern ref List<string>? Urls(SslStreamCertificateContext context);
}
