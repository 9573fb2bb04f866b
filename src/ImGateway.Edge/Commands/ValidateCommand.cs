using System.CommandLine;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Configuration.Reading;

namespace ImGateway.Edge.Commands;

/// <summary>Checks a configuration and what it refers to. Valid sections are checked even if others have problems.</summary>
delegate Task<ValidateResult> ValidateCheck(ConfigurationResult configuration, CancellationToken cancellationToken);

/// <param name="Problems">One line for each problem.</param>
/// <param name="Warnings">Lines that do not make the configuration invalid.</param>
sealed record ValidateResult(IEnumerable<string> Problems, params IEnumerable<string> Warnings);

static class ValidateCommand
{
    public static Command Create(params IReadOnlyList<ValidateCheck> furtherChecks)
    {
        var config = ConfigOption.Create();
        var command = new Command(
            "validate",
            "Check the whole configuration without side effects: all problems; if there are none, the settings in force, secrets masked")
        {
            config,
        };
        command.SetAction((parsed, cancellationToken) =>
            ValidateAsync(parsed.GetValue(config), furtherChecks, parsed.InvocationConfiguration, cancellationToken));
        return command;
    }

    static async Task<int> ValidateAsync(
        string? configFile, IReadOnlyList<ValidateCheck> furtherChecks, InvocationConfiguration console, CancellationToken cancellationToken)
    {
        var result = EdgeConfiguration.Read(EdgeConfiguration.Load(configFile));
        List<string> problems = [.. result.Problems.Select(problem => problem.ToString())];
        List<string> warnings = [];
        foreach (var check in furtherChecks)
        {
            var found = await check(result, cancellationToken);
            problems.AddRange(found.Problems);
            warnings.AddRange(found.Warnings);
        }

        foreach (var problem in problems) await console.Error.WriteLineAsync(problem);
        foreach (var warning in warnings) await console.Error.WriteLineAsync($"warning: {warning}");
        if (problems.Count > 0) return ExitCodes.Failure;
        foreach (var line in EffectiveSettings.Lines(result.Draft)) await console.Output.WriteLineAsync(line);
        return ExitCodes.Success;
    }
}
