using System.Text.RegularExpressions;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Load;

/// <summary>What an edge may warn of while its gateway is restarted and clients leave without a word: anything else is news.</summary>
static partial class SoakLog
{
    public static IReadOnlyList<string> Unexpected(EdgeProcess edge) =>
    [
        .. edge.Errors.Lines.Select(line => line.Text),
        .. from line in edge.Log.Lines
           where line["@l"] is "Warning" or "Error" or "Fatal" && !Expected().IsMatch(line.Message)
           select line.Text,
    ];

    [GeneratedRegex("""^(Upstream failed on route (ws|api|health) \((connect|reset)\)|Upstream \S+ (fails: |is unhealthy, by )|The gateway is down; safe requests and upgrades wait)""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Expected();
}
