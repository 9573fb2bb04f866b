namespace ImGateway.Edge.Tests.Docs;

/// <summary>A fenced block of a page.</summary>
/// <param name="Line">Of its first line of text, counted from one.</param>
/// <param name="Note">What stands in parentheses behind the language: <c>run</c>, or <c>not run: why</c>.</param>
/// <param name="Expected">Of a block that is run: the text block behind it, if there is one.</param>
sealed record Fence(string Page, int Line, string Language, string Note, string Text, string? Expected = null)
{
    const string Marks = "```";

    public bool IsRun => Note == "run";

    public override string ToString() => $"{Page}:{Line}";

    /// <summary>In the order of the page.</summary>
    /// <exception cref="InvalidOperationException">One does not end.</exception>
    public static IReadOnlyList<Fence> In(string page)
    {
        var fences = new List<Fence>();
        var lines = Documents.Read(page).Split('\n');
        var sincePrevious = true;
        for (var i = 0; i < lines.Length; i++)
        {
            if (!lines[i].TrimStart().StartsWith(Marks, StringComparison.Ordinal))
            {
                sincePrevious |= !string.IsNullOrWhiteSpace(lines[i]);
                continue;
            }

            var (begin, info) = (i + 1, lines[i].TrimStart()[Marks.Length..].Trim());
            do i++;
            while (i < lines.Length && lines[i].TrimStart() != Marks);
            if (i == lines.Length) throw new InvalidOperationException($"{page}:{begin}: the block does not end");
            var fence = Of(page, begin + 1, info, string.Concat(lines[begin..i].Select(line => line + "\n")));
            if (fence.Language == "text" && !sincePrevious && fences is [.., { IsRun: true } previous]) fences[^1] = previous with { Expected = fence.Text };
            fences.Add(fence);
            sincePrevious = false;
        }

        return fences;
    }

    static Fence Of(string page, int line, string info, string text) => info.Split(' ', 2) switch
    {
        [var language] => new(page, line, language, "", text),
        [var language, ['(', .., ')'] note] => new(page, line, language, note[1..^1], text),
        var parts => new(page, line, parts[0], parts[1], text),
    };
}
