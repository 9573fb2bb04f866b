using System.Text.RegularExpressions;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Shows;

/// <summary>What an edge may warn of while its gateway is restarted and clients leave without a word: anything else is news.</summary>
static partial class SoakLog
{
    public static IReadOnlyList<string> Unexpected(EdgeProcess edge) =>
        [.. edge.Log.Lines.Where(line => line["@l"] is "Warning" or "Error" or "Fatal" && !Expected().IsMatch(line.Message)).Select(line => line.Text), .. edge.Errors.Lines.Select(line => line.Text)];

    // PLACEHOLDER
    [GeneratedRegex("""^(GET|HEAD) /\S* .*(connect|reset)""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Expected();
}
