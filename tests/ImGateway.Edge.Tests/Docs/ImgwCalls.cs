using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.RegularExpressions;
using ImGateway.Edge.Commands;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Docs;

/// <summary>Where pages call the program, and what its command line says to that.</summary>
static partial class ImgwCalls
{
    // As in Program.cs.
    static readonly RootCommand Root = new(CommandLine.Description)
    {
        RunCommand.Create(TestProcess.Engines), DemoCommand.Create(TestProcess.Engines), ValidateCommand.Create(),
        DoctorCommand.Create(TestProcess.Engines), CertCommand.Create(TestProcess.Engines),
        AuditCommand.Create(TimeProvider.System), ReloadCommand.Create(), DrainCommand.Create(), HealthcheckCommand.Create(),
    };

    /// <summary>The arguments of each call in a shell's text.</summary>
    public static IEnumerable<string> In(string shell) =>
        Call().Matches(shell.Replace("\\\n", " ", StringComparison.Ordinal)).Select(match => match.Groups["arguments"].Value.Trim());

    /// <summary>The same of calls between backticks; of those with gaps ([…], …) nothing can be said.</summary>
    public static IEnumerable<string> Inline(string page) =>
        Quoted().Matches(page).Select(match => match.Groups["arguments"].Value).Where(arguments => !arguments.AsSpan().ContainsAny("[…"));

    public static IEnumerable<string> Mistakes(string arguments)
    {
        // R stands for one of the reasons.
        var parsed = Root.Parse([.. CommandLineParser.SplitCommandLine(arguments).Select(argument => argument == "R" ? "superseded" : argument)]);
        // A verb that is only named is not called.
        return parsed.Tokens.All(token => token.Type == TokenType.Command) ? [] : parsed.Errors.Select(error => error.Message);
    }

    // A command's first word, be it behind a variable, a user or a container; not a path that ends so.
    [GeneratedRegex(@"(?:^|[;&|(]|exec(?: -T)? edge|run --rm edge|-u imgw|\w=\S+)[ ]*\bimgw (?<arguments>[^|;&\n<>)#]+)",
        RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Call();

    [GeneratedRegex("(?<!`)`(?:docker compose exec edge )?imgw (?<arguments>[^`\n]+)`", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Quoted();
}
