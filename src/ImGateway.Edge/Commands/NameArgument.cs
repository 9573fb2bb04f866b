using System.CommandLine;

namespace ImGateway.Edge.Commands;

/// <summary>The argument NAME of every verb about one certificate.</summary>
static class NameArgument
{
    public static Argument<string> Create() => new("NAME") { Description = "The host, or the name of its certificate (the host with * written _)" };
}
