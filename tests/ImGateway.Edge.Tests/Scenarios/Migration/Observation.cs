using System.Globalization;
using System.Text;

namespace ImGateway.Edge.Tests.Scenarios.Migration;

/// <summary>A request as the gateway got it.</summary>
sealed record GatewayRequest(string Head, string Body)
{
    public string Line => Head[..Head.IndexOf("\r\n", StringComparison.Ordinal)];
}

/// <summary>What one side did with a request: what its client got, and what the gateway saw of it.</summary>
sealed record Observation(string Status)
{
    /// <summary>Head of the answer, from the status line on.</summary>
    public string Head { get; init; } = "";

    /// <summary>Without the framing.</summary>
    public string Body { get; init; } = "";

    /// <summary>How the end of the body was signalled, and whether the connection stayed open.</summary>
    public string Framing { get; init; } = "";

    /// <summary>What else was seen: interim answers, how a connection ended.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    public IReadOnlyList<GatewayRequest> Gateway { get; init; } = [];

    /// <summary>All of it, one fact a name. What each side must say differently without meaning something else is left out.</summary>
    public IReadOnlyDictionary<string, string> Facts()
    {
        var facts = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["status"] = Status, ["body"] = Shortened(Body), ["framing"] = Framing };
        if (Notes.Count > 0) facts["notes"] = string.Join(" | ", Notes);
        foreach (var (name, value) in Fields(Head))
        {
            // Hop by hop, and part of the framing.
            if (name is "connection" or "keep-alive" or "transfer-encoding" or "content-length") continue;
            facts[$"answer {name}"] = name is "date" ? "a date" : value;
        }

        facts["gateway requests"] = Gateway.Count.ToString(CultureInfo.InvariantCulture);
        foreach (var (i, request) in Gateway.Index())
        {
            var which = i == 0 ? "gateway" : $"gateway {i + 1}";
            facts[$"{which} target"] = request.Line[..request.Line.LastIndexOf(' ')];
            facts[$"{which} version"] = request.Line[(request.Line.LastIndexOf(' ') + 1)..];
            facts[$"{which} body"] = Shortened(request.Body);
            foreach (var (name, value) in Fields(request.Head)) facts[$"{which} {name}"] = name is "connection" or "upgrade" ? value.ToLowerInvariant() : value;
        }

        return facts;
    }

    /// <summary>Whether the page may quote this of it: the status, or an interim one; or a part of any fact in whatever spelling of names.</summary>
    public bool Says(string text) => text.Length == 3 && char.IsAsciiDigit(text[0]) ? Status == text || Notes.Contains(text) : ToString().Contains(text, StringComparison.OrdinalIgnoreCase);

    /// <summary>For people.</summary>
    public override string ToString() => string.Join('\n', Facts().Select(fact => $"{fact.Key}: {fact.Value}"));

    /// <summary>Names in lower case; several lines of one name are a list (RFC 9110 §5.3), of cookies too, in their own way (RFC 6265 §5.4).</summary>
    static IEnumerable<(string Name, string Value)> Fields(string head) =>
        from line in head.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Skip(1)
        let colon = line.IndexOf(':')
        where colon > 0
        group line[(colon + 1)..].Trim() by line[..colon].ToLowerInvariant() into field
        select (field.Key, string.Join(field.Key == "cookie" ? "; " : ", ", field));

    static string Shortened(string text) => text.Length <= 300 ? text.ReplaceLineEndings(@"\n") : $"{text[..100]}… {text.Length} characters, hash {Hash(text)}";

    static string Hash(string text) => Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(Encoding.Latin1.GetBytes(text)))[..16];
}

/// <summary>One fact that both sides do not share; null where there is none.</summary>
sealed record Inequality(string Fact, string? Nginx, string? Edge)
{
    public static IReadOnlyList<Inequality> Between(Observation nginx, Observation edge)
    {
        var (left, right) = (nginx.Facts(), edge.Facts());
        return
        [
            .. from fact in left.Keys.Union(right.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal)
               let inequality = new Inequality(fact, left.GetValueOrDefault(fact), right.GetValueOrDefault(fact))
               where inequality.Nginx != inequality.Edge
               select inequality,
        ];
    }

    public override string ToString() => $"{Fact}: nginx '{Nginx ?? "-"}', edge '{Edge ?? "-"}'";
}
