using System.CommandLine;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Configuration.Reading;

namespace ImGateway.Edge.Commands;

/// <summary>Checks a configuration and what it refers to. Valid sections are checked even if others have problems. One line for each problem.</summary>
delegate Task<IEnumerable<string>> ValidateCheck(ConfigurationResult configuration, CancellationToken cancellationToken);

static class ValidateCommand
{
    public static Command Create(params IReadOnlyList<ValidateCheck> furtherChecks) => Create((_, _) => Task.FromResult<IEnumerable<string>>([]), furtherChecks);

    /// <param name="warnings">Lines that do not make the configuration invalid.</param>
    public static Command Create(ValidateCheck warnings, IReadOnlyList<ValidateCheck> furtherChecks)
    {
        var config = ConfigOption.Create();
        var command = new Command(
            "validate",
            "Check the whole configuration without side effects: all problems; if there are none, the settings in force, secrets masked")
        {
            config,
        };
        command.SetAction((parsed, cancellationToken) =>
            ValidateAsync(parsed.GetValue(config), warnings, furtherChecks, parsed.InvocationConfiguration, cancellationToken));
        return command;
    }

    static async Task<int> ValidateAsync(
        string? configFile, ValidateCheck warnings, IReadOnlyList<ValidateCheck> furtherChecks, InvocationConfiguration console, CancellationToken cancellationToken)
    {
        var result = EdgeConfiguration.Read(EdgeConfiguration.Load(configFile));
        List<string> problems = [.. result.Problems.Select(problem => problem.ToString())];
        foreach (var check in furtherChecks) problems.AddRange(await check(result, cancellationToken));
        foreach (var problem in problems) await console.Error.WriteLineAsync(problem);
        foreach (var warning in await warnings(result, cancellationToken)) await console.Error.WriteLineAsync($"warning: {warning}");
        if (problems.Count > 0) return ExitCodes.Failure;
        foreach (var line in EffectiveSettings.Lines(result.Draft)) await console.Output.WriteLineAsync(line);
        return ExitCodes.Success;
    }
}
