using System.CommandLine;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Configuration.Reading;
using ImGateway.Edge.Operations.Control;

namespace ImGateway.Edge.Commands;

static class ReloadCommand
{
    public static Command Create()
    {
        var config = ConfigOption.Create();
        var command = new Command("reload", "Have the running edge read its configuration again, as SIGHUP does: no connection is cut") { config };
        command.SetAction((parsed, cancellationToken) => ReloadAsync(parsed.GetValue(config), parsed.InvocationConfiguration, cancellationToken));
        return command;
    }

    static async Task<int> ReloadAsync(string? configFile, InvocationConfiguration console, CancellationToken cancellationToken)
    {
        // Only DataDirectory is needed: the running edge validates the file.
        using var edge = new ControlClient(EdgeConfiguration.Read(EdgeConfiguration.Load(configFile)).Draft);
        var reply = await edge.PostAsync<ControlReloaded>("/reload", body: null, cancellationToken)
            ?? throw new UserError($"{edge.Path}: no edge runs with this DataDirectory; start it with: {ConfigOption.RunCommand(configFile)}");
        foreach (var problem in reply.Problems) await console.Error.WriteLineAsync(problem);
        if (reply.Value is not { } reloaded) return ExitCodes.Failure;
        foreach (var warning in reloaded.Warnings) await console.Error.WriteLineAsync($"warning: {warning}");
        foreach (var change in reloaded.Changes) await console.Output.WriteLineAsync(change);
        foreach (var refused in reloaded.RefusedFiles) await console.Error.WriteLineAsync($"warning: {refused}");
        await console.Output.WriteLineAsync(reloaded switch
        {
            { Changes.Count: > 0 } => "reloaded",
            { RefusedFiles.Count: > 0 } => $"the configuration is the same, in force since {reloaded.Since}; {reloaded.RefusedFiles.Count} certificate file(s) were judged again and are still refused",
            _ => $"nothing has changed: in force since {reloaded.Since}",
        });
        return ExitCodes.Success;
    }
}
