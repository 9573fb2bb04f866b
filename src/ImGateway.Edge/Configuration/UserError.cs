using System.Diagnostics.CodeAnalysis;

namespace ImGateway.Edge.Configuration;

/// <summary>A user error: the message goes to standard error, one line for each problem, and the exit code is 1.</summary>
[SuppressMessage("Naming", "CA1710", Justification = "The name says whose error it is.")]
public sealed class UserError(IEnumerable<string> lines, Exception? cause = null) : Exception(string.Join(Environment.NewLine, lines.Select(SingleLine.Escape)), cause)
{
    public UserError(string line, Exception? cause = null)
        : this([line], cause)
    {
    }
}
