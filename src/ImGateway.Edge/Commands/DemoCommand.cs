using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Configuration.Reading;
using ImGateway.Edge.Demo;
using ImGateway.Edge.Operations;
using Spectre.Console;

namespace ImGateway.Edge.Commands;

static class DemoCommand
{
    public static Command Create(TlsEngineFactory engines)
    {
        var upstream = new Option<Uri?>("--upstream")
        {
            Description = "Put the edge in front of this gateway instead of the built-in one",
            HelpName = "http://HOST:PORT",
            CustomParser = ParseUpstream,
        };
        var gatewayOnly = new Option<bool>("--gateway-only") { Description = "Run just the demo gateway, over plain HTTP" };
        var listen = new Option<ListenAddress?>("--listen")
        {
            Description = "Where the demo gateway listens; with --gateway-only",
            HelpName = "ADDRESS:PORT",
            CustomParser = ParseListen,
        };
        var (https, http, management) = (Port("--https", "TLS", DemoPorts.Default.Https), Port("--http", "plain HTTP", DemoPorts.Default.Http),
            Port("--management", "the management port", DemoPorts.Default.Management));
        Option<int?>[] ports = [https, http, management];
        var command = new Command("demo", "Serve at once on loopback with no configuration: development certificate, demo gateway, lines to paste")
        {
            https, http, management, upstream, gatewayOnly, listen,
        };
        command.Validators.Add(result =>
        {
            var alone = result.GetValue(gatewayOnly);
            if (alone && result.GetResult(upstream) is not null) result.AddError("--upstream and --gateway-only exclude each other");
            if (!alone && result.GetResult(listen) is not null) result.AddError("--listen needs --gateway-only");
            // The raw text: the parser reports an invalid port.
            var chosen = ports.Where(port => result.GetResult(port) is { Tokens.Count: > 0 })
                .ToLookup(port => result.GetResult(port)!.Tokens[0].Value, port => port.Name, StringComparer.Ordinal);
            if (alone && chosen.FirstOrDefault() is { } one) result.AddError($"{one.First()} is no option of the gateway alone; use --listen");
            if (chosen.FirstOrDefault(same => same.Count() > 1) is { } twice) result.AddError($"{string.Join(" and ", twice)} name the same port");
        });
        command.SetAction((parsed, cancellationToken) => RunAsync(
            new DemoSettings(parsed.GetValue(upstream), parsed.GetValue(gatewayOnly), parsed.GetValue(listen))
            {
                Https = parsed.GetValue(https),
                Http = parsed.GetValue(http),
                Management = parsed.GetValue(management),
            },
            engines,
            parsed.InvocationConfiguration.Error,
            cancellationToken));
        return command;
    }

    static async Task<int> RunAsync(DemoSettings settings, TlsEngineFactory engines, TextWriter error, CancellationToken cancellationToken)
    {
        await using var log = LoggerSetup.CreateLogger(new ConfigurationBuilder().Build(), readable: true);
        return await new DemoHost(engines, log, AnsiConsole.Console, error).RunAsync(settings, cancellationToken);
    }

    static Option<int?> Port(string name, string what, int standard) => new(name)
    {
        Description = $"The port of {what} [default: {standard}, or the next free one]",
        HelpName = "PORT",
        CustomParser = ParsePort,
    };

    static int? ParsePort(ArgumentResult argument)
    {
        var text = argument.Tokens[0].Value;
        if (ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port > 0) return port;
        argument.AddError($"{((OptionResult)argument.Parent!).Option.Name}: {SingleLine.Quote(text)} is not a port; write 1 to 65535");
        return null;
    }

    static Uri? ParseUpstream(ArgumentResult argument)
    {
        if (UpstreamRules.TryParse(argument.Tokens[0].Value, out var upstream, out var fault)) return upstream;
        argument.AddError($"--upstream: {fault}; write http://host:port and nothing more");
        return null;
    }

    static ListenAddress? ParseListen(ArgumentResult argument)
    {
        if (ListenAddress.TryParse(argument.Tokens[0].Value, out var address)) return address;
        argument.AddError($"--listen: {SingleLine.Quote(argument.Tokens[0].Value)} is not an address and port; write address:port, such as 127.0.0.1:8080");
        return null;
    }
}
