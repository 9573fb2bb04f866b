namespace ImGateway.Acme.Protocol;

/// <summary>Parser for the <c>Link</c> header (RFC 8288), limited to the parts that CAs use.</summary>
static class LinkHeader
{
    const int MostLinks = 10;

    /// <summary>The valid https URLs of one relation type; others are skipped.</summary>
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
