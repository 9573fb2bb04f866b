using System.CommandLine;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Commands;

/// <summary>Parses the arguments, runs the verb, and converts errors to a line and an exit code.</summary>
static class CommandLine
{
    public const string Description =
        """
        ImGateway Edge: terminates TLS for wss:// and forwards /ws, /api and /health to an IM gateway.

        Examples:
          imgw demo                                     a working edge on https://localhost:8443, with no configuration
          imgw demo --upstream http://127.0.0.1:9000    the same in front of your gateway
          imgw validate --config edge.json              every problem of a configuration, then what is in force
          imgw run --config edge.json                   serve
          imgw doctor --config edge.json                what of its surroundings would keep it from serving
          imgw cert list --config edge.json             what is served, and until when
          imgw cert import --cert im.crt --key im.key   a new certificate, at once, nothing restarted
          imgw cert renew --all --staging               a dry run of every renewal at the CA's staging directory
          imgw reload --config edge.json                the configuration read again, no connection cut
          imgw audit --since 7d                         what changed in the last week, why and by whom
          imgw drain --config edge.json                 stop in order, and follow it to the end
          imgw cert self-signed --host im.test --out .  a certificate for development

        Configuration:
          Section "Edge" of a JSON file: --config FILE, else ./appsettings.json, else the one beside the program,
          else /etc/imgw/appsettings.json.
          Environment variables override it: Edge__Hosts__0=im.example.com, Edge__Tls__Policy=Modern.
          Required: Edge:Hosts, Edge:Upstreams, Edge:Certificates:Source. Everything else has a default.

        Exit codes:
          0 fine    1 the answer is no (invalid, unhealthy, failed)    2 wrong usage
          Results go to standard output; problems to standard error, one line each.
        """;

    /// <summary>System.CommandLine handles no signals and has no time-out: the host handles signals, and its stop takes as long as the drain.</summary>
    public static async Task<int> InvokeAsync(RootCommand root, IReadOnlyList<string> args, InvocationConfiguration console)
    {
        console.ProcessTerminationTimeout = null;
        console.EnableDefaultExceptionHandler = false;
        var parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0)
        {
            foreach (var mistake in Mistakes(parsed)) await console.Error.WriteLineAsync(SingleLine.Escape(mistake));
            return ExitCodes.WrongUsage;
        }

        try
        {
            return await parsed.InvokeAsync(console);
        }
        catch (UserError mistake)
        {
            await console.Error.WriteLineAsync(mistake.Message);
            return ExitCodes.Failure;
        }
    }

    static IEnumerable<string> Mistakes(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var help = string.Join(' ', Path(command).Reverse()) + " --help";
        // An unknown verb would also be reported as a missing one.
        return command.Subcommands.Count > 0 && parsed.UnmatchedTokens.Count > 0
            ? [$"'{parsed.UnmatchedTokens[0]}' is no verb; see '{help}'"]
            : parsed.Errors.Select(error => $"{error.Message.TrimEnd('.')}; see '{help}'");
    }

    static IEnumerable<string> Path(Symbol? symbol)
    {
        for (; symbol is not null; symbol = symbol.Parents.FirstOrDefault()) yield return symbol is RootCommand ? "imgw" : symbol.Name;
    }
}
