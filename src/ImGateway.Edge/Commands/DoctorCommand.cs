using System.CommandLine;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Configuration.Reading;
using ImGateway.Edge.Operations.Control;
using ImGateway.Edge.Operations.Doctor;
using ImGateway.Edge.Operations.Status;

namespace ImGateway.Edge.Commands;

static class DoctorCommand
{
    /// <param name="resolver">The path of resolv.conf(5), which lists the name servers.</param>
    public static Command Create(TlsEngineFactory engines, string resolver = "/etc/resolv.conf")
    {
        var (config, json) = (ConfigOption.Create(), new Option<bool>("--json") { Description = "Write a JSON array" });
        var command = new Command("doctor", "Look at everything around the edge: ports, DNS, DNSSEC, CAA, clock, disk, OpenSSL, policy, limits, gateway, CA; with a remedy each") { json, config };
        command.SetAction((parsed, cancellationToken) =>
            CheckAsync(parsed.GetValue(config), parsed.GetValue(json), engines, resolver, parsed.InvocationConfiguration, cancellationToken));
        return command;
    }

    static async Task<int> CheckAsync(
        string? configFile, bool json, TlsEngineFactory engines, string resolver, InvocationConfiguration console, CancellationToken cancellationToken)
    {
        var time = TimeProvider.System;
        var result = EdgeConfiguration.Read(EdgeConfiguration.Load(configFile));
        List<Finding> findings =
        [
            .. result.Problems.Select(problem => new Finding(
                "configuration", problem.PreventsStart ? FindingStatus.Fail : FindingStatus.Warn, SingleLine.Escape($"{problem.Key}: {problem.Message}"), SingleLine.Escape(problem.Remedy))),
        ];
        // Without a valid configuration the environment cannot be checked.
        if (result.Options is { } options)
        {
            if (findings.Count == 0) findings.Add(new("configuration", FindingStatus.Ok, "sound; 'imgw validate' also reads the files it names"));
            var (edge, found) = await EdgeAsync(options, cancellationToken);
            findings.Add(found);
            await using var ca = CaDirectory.Of(options, time);
            var checks = DoctorChecks.All(options, edge, ca, resolver, engines.Of(options.Tls), engines.FallbackReason(options.Tls), time);
            findings.AddRange(await DoctorChecks.RunAsync(checks, time, cancellationToken));
        }

        if (json) await JsonOption.WriteAsync(console.Output, findings);
        else new TextTable(["Status", "Check", "What"], [.. findings.Select(Row)]).Write(console.Output);
        return findings.Exists(finding => finding.Status is FindingStatus.Fail) ? ExitCodes.Failure : ExitCodes.Success;
    }

    static async Task<(ReadyStatus? Edge, Finding Found)> EdgeAsync(EdgeOptions options, CancellationToken cancellationToken)
    {
        const string check = "edge";
        try
        {
            using var client = new ControlClient(options);
            return await client.GetAsync<ReadyStatus>("/health", cancellationToken) switch
            {
                null => (null, new(check, FindingStatus.Ok, "none runs with this DataDirectory")),
                { Value: { Ready: true, Degraded.Count: > 0 } degraded } =>
                    (degraded, new(check, FindingStatus.Warn, $"runs and is ready, but degraded: {string.Join("; ", degraded.Degraded)}", "see 'imgw cert list' and the status page")),
                { Value: { Ready: true } ready } => (ready, new(check, FindingStatus.Ok, "runs and is ready")),
                { Value: { } waiting } => (waiting, new(check, FindingStatus.Warn, $"runs and is not ready: {string.Join("; ", waiting.Reasons)}", "see its log")),
                var refused => (null, new(check, FindingStatus.Warn, string.Join("; ", refused.Problems), "run doctor as the user that the edge runs as, or as root")),
            };
        }
        catch (UserError e)
        {
            return (null, new(check, FindingStatus.Fail, SingleLine.Escape(e.Message), "see above"));
        }
    }

    static string[] Row(Finding finding) =>
    [
        finding.Status.ToString().ToLowerInvariant(),
        finding.Check,
        SingleLine.Escape(finding.Remedy is null ? finding.What : $"{finding.What}; {finding.Remedy}"),
    ];
}
