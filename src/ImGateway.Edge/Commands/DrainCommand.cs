using System.CommandLine;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Configuration.Reading;
using ImGateway.Edge.Operations.Control;

namespace ImGateway.Edge.Commands;

static class DrainCommand
{
    public static Command Create()
    {
        var config = ConfigOption.Create();
        var command = new Command("drain", "Have the running edge stop in order, as SIGTERM does, and report progress until no connection is left") { config };
        command.SetAction((parsed, cancellationToken) => DrainAsync(parsed.GetValue(config), parsed.InvocationConfiguration, cancellationToken));
        return command;
    }

    static async Task<int> DrainAsync(string? configFile, InvocationConfiguration console, CancellationToken cancellationToken)
    {
        using var edge = new ControlClient(EdgeConfiguration.Read(EdgeConfiguration.Load(configFile)).Draft);
        var lines = new Lines(console.Output);
        var reply = await edge.FollowAsync<ControlDrained>("/drain", new { }, lines, cancellationToken)
            ?? throw new UserError($"{edge.Path}: no edge runs with this DataDirectory; there is nothing to drain");
        if (reply.Value is not { } drained) throw new UserError(reply.Problems);
        await console.Output.WriteLineAsync($"drained in {drained.Seconds:0.0} s: {drained.Closed} WebSockets closed, {drained.Cut} cut");
        return ExitCodes.Success;
    }

    sealed class Lines(TextWriter output) : IProgress<string>
    {
        public void Report(string value) => output.WriteLine(value);
    }
}
