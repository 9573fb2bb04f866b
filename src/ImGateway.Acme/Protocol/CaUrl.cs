namespace ImGateway.Acme.Protocol;

/// <summary>URLs that a CA names: only https, of a bounded length, in visible ASCII, without credentials.</summary>
static class CaUrl
{
    const int MaxLength = 2048;

    /// <returns>Null where it is not such a URL.</returns>
    public static Uri? Parse(string text, Uri? relativeTo = null)
    {
        if (text.Length is 0 or > MaxLength || text.AsSpan().ContainsAnyExceptInRange('!', '~')) return null;
        var absolute = relativeTo is null
            ? Uri.TryCreate(text, UriKind.Absolute, out var url)
            : Uri.TryCreate(relativeTo, text, out url);
        return absolute && IsUsable(url!) ? url : null;
    }

    public static bool IsUsable(Uri url) => url.IsAbsoluteUri && url.Scheme == Uri.UriSchemeHttps && url.UserInfo.Length == 0 && url.Host.Length > 0;
}
