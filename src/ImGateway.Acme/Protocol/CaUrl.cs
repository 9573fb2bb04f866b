namespace ImGateway.Acme.Protocol;

/// <summary>Validates URLs from a CA: https only, bounded length, visible ASCII, no credentials.</summary>
static class CaUrl
{
    const int MaxLength = 2048;

    /// <returns>Null if the URL is not valid.</returns>
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
