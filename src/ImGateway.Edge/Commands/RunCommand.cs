using System.CommandLine;
using ImGateway.Edge.Configuration.Reading;
using ImGateway.Edge.Connections.Listening;
using ImGateway.Edge.Operations;

namespace ImGateway.Edge.Commands;

static class RunCommand
{
    /// <param name="services">Registered last, to replace other registrations, for example by another TLS engine; null = none.</param>
    public static Command Create(TlsEngineFactory engines, Action<IServiceCollection>? services = null)
    {
        var config = ConfigOption.Create();
        var command = new Command("run", "Serve what the configuration says, until SIGTERM or Ctrl+C") { config };
        command.SetAction((parsed, cancellationToken) =>
            RunAsync(parsed.GetValue(config), engines, services, parsed.InvocationConfiguration.Error, cancellationToken));
        return command;
    }

    static async Task<int> RunAsync(
        string? configFile, TlsEngineFactory engines, Action<IServiceCollection>? services, TextWriter error, CancellationToken cancellationToken)
    {
        var inherited = InheritedSockets.Take();
        var file = ConfigurationFile.Of(configFile);
        var configuration = file.Load();
        var result = EdgeConfiguration.Read(configuration);
        foreach (var problem in result.Problems)
        {
            await error.WriteLineAsync(problem.PreventsStart ? $"{problem}" : $"warning: {problem}");
        }

        if (result.Options is not { } options) return ExitCodes.Failure;
        await using var log = LoggerSetup.CreateLogger(configuration, readable: false);
        await using var app = EdgeApplication.Build(options, configuration, engines, log, file: file, inherited: inherited, services: services);
        return await EdgeApplication.ServeAsync(app, error, onListening: null, cancellationToken);
    }
}
