using System.CommandLine;
using ImGateway.Edge.Configuration.Reading;
using ImGateway.Edge.Operations.Control;
using ImGateway.Edge.Operations.Status;

namespace ImGateway.Edge.Commands;

static class HealthcheckCommand
{
    public static Command Create()
    {
        var config = ConfigOption.Create();
        var command = new Command("healthcheck", "Whether the running edge is ready for traffic, and why not; for container health checks") { config };
        command.SetAction((parsed, cancellationToken) => CheckAsync(parsed.GetValue(config), parsed.InvocationConfiguration, cancellationToken));
        return command;
    }

    static async Task<int> CheckAsync(string? configFile, InvocationConfiguration console, CancellationToken cancellationToken)
    {
        // Only DataDirectory is needed: later problems of the file do not concern the running edge.
        using var edge = new ControlClient(EdgeConfiguration.Read(EdgeConfiguration.Load(configFile)).Draft);
        var reply = await edge.GetAsync<ReadyStatus>("/health", cancellationToken);
        IReadOnlyList<string> problems = reply switch
        {
            null => [$"{edge.Path}: no edge answers there: it does not run, is still starting, or has another DataDirectory"],
            { Value: { Ready: false } waiting } => [.. waiting.Reasons.Select(reason => $"not ready: {reason}")],
            { Value: { } } => [],
            _ => reply.Problems,
        };
        foreach (var problem in problems) await console.Error.WriteLineAsync(problem);
        if (problems.Count > 0) return ExitCodes.Failure;
        foreach (var reason in reply!.Value!.Degraded) await console.Error.WriteLineAsync($"degraded: {reason}");
        await console.Output.WriteLineAsync("ready");
        return ExitCodes.Success;
    }
}
