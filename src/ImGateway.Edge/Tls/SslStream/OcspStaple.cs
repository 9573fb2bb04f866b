using System.Net.Security;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace ImGateway.Edge.Tls.SslStream;

/// <summary>
/// Gives a certificate context the OCSP response that its handshakes staple. .NET has no public way: a context fetches for itself, without
/// checking what it gets, or never staples. The fields it staples from are written instead (docs/decisions/0005).
/// </summary>
static class OcspStaple
{
    /// <summary>False where this runtime keeps its response elsewhere: then nothing is stapled, and nothing else changes.</summary>
    public static bool IsAvailable { get; } =
        Has<bool>("_staplingForbidden") && Has<byte[]>("_ocspResponse") && Has<DateTimeOffset>("_ocspExpiration")
        && Has<DateTimeOffset>("_nextDownload") && Has<List<string>>("_ocspUrls");

    /// <summary>For a context that no handshake has used yet: OpenSSL is told at the first that there may be a response.</summary>
    public static void Prepare(SslStreamCertificateContext context, byte[]? response)
    {
        if (!IsAvailable) return;
        // An empty list says "stapling", and names nobody to ask. A response that never ends is never asked for anew either:
        // when it ends is for whoever fetched it to say.
        Urls(context) = [];
        Expiration(context) = DateTimeOffset.MaxValue;
        NextDownload(context) = DateTimeOffset.MaxValue;
        Forbidden(context) = false;
        Replace(context, response);
    }

    /// <summary>One reference write: a handshake under way has the old response or the new one. Null: none from now on.</summary>
    public static void Replace(SslStreamCertificateContext context, byte[]? response)
    {
        if (IsAvailable) Volatile.Write(ref Response(context), response);
    }

    public static byte[]? Of(SslStreamCertificateContext context) => IsAvailable ? Volatile.Read(ref Response(context)) : null;

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
