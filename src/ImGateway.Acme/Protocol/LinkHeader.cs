namespace ImGateway.Acme.Protocol;

/// <summary>RFC 8288, as much as CAs use.</summary>
static class LinkHeader
{
    const int MostLinks = 10;

    /// <summary>Usable URLs of one relation; others are left out.</summary>
    public static IReadOnlyList<Uri> Find(IEnumerable<string> headers, string relation, Uri relativeTo)
    {
        List<Uri> found = [];
        foreach (var link in headers.SelectMany(header => header.Split('<').Skip(1)))
        {
            var end = link.IndexOf('>');
            if (end < 0 || found.Count == MostLinks) continue;
            var related = link[(end + 1)..].Split(';')
                .Select(parameter => parameter.Trim(' ', ','))
                .Any(parameter => parameter == $"rel={relation}" || parameter == $"rel=\"{relation}\"");
            if (related && CaUrl.Parse(link[..end], relativeTo) is { } url) found.Add(url);
        }

        return found;
    }
}
