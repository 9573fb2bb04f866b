using System.CommandLine;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Commands;

static class ValidateCommand
{
    /// <param name="furtherChecks">Look at hosts and certificates, and run only where these could be read.</param>
    public static Command Create(params IReadOnlyList<Func<EdgeOptions, IEnumerable<string>>> furtherChecks)
    {
        var config = ConfigOption.Create();
        var command = new Command(
            "validate",
            "Check the whole configuration without side effects: all problems; if there are none, the settings in force, secrets masked")
        {
            config,
        };
        command.SetAction(parsed => Validate(parsed.GetValue(config), furtherChecks, parsed.InvocationConfiguration));
        return command;
    }

    static int Validate(
        string? configFile, IReadOnlyList<Func<EdgeOptions, IEnumerable<string>>> furtherChecks, InvocationConfiguration console)
    {
        var result = EdgeConfiguration.Read(EdgeConfiguration.Load(configFile));
        var problems = result.IsSound("Edge:Hosts") && result.IsSound("Edge:Certificates")
            ? furtherChecks.SelectMany(check => check(result.Draft)).ToList()
            : [];
        problems.InsertRange(0, result.Problems.Select(problem => problem.ToString()));
        foreach (var problem in problems) console.Error.WriteLine(problem);
        if (problems.Count > 0) return ExitCodes.No;
        foreach (var line in EffectiveSettings.Lines(result.Draft)) console.Output.WriteLine(line);
        return ExitCodes.Fine;
    }
}
