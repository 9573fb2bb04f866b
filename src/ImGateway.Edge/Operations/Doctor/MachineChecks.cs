using System.Globalization;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Connections.Limits;
using ImGateway.Edge.Operations.Control;
using ImGateway.Edge.Operations.Status;
using ImGateway.Edge.Tls;
using ImGateway.Edge.Tls.Policy;

namespace ImGateway.Edge.Operations.Doctor;

/// <summary>Checks OpenSSL, the TLS policy in force, and the limits of the process.</summary>
static class MachineChecks
{
    /// <summary>For each of 5,000 users, one socket to the client and one to the gateway.</summary>
    const int Descriptors = 10_000;

    const string DescriptorsCheck = "file descriptors";

    public static IEnumerable<Finding> CheckOpenSsl(LoadedTlsPolicy policy)
    {
        const string check = "openssl";
        if (policy.Problem is { } problem) return [new(check, FindingStatus.Fail, problem, "see to it; the edge does not serve without its policy")];
        var version = BuildInfo.Read().OpenSsl;
        return Version.TryParse(version, out var parsed) && parsed >= new Version(3, 0)
            ? [new(check, FindingStatus.Ok, parsed >= new Version(3, 5) ? version : $"{version}; from 3.5 on, key exchange also resists quantum computers")]
            : [new(check, FindingStatus.Fail, $"{version} is too old", "install OpenSSL 3")];
    }

    /// <param name="engine">The engine that a start here would use.</param>
    /// <param name="fallback">Why it is not the configured one; null if it is.</param>
    public static IEnumerable<Finding> CheckEngine(ITlsEngine engine, string? fallback)
    {
        const string check = "engine";
        return fallback is null
            ? [new(check, FindingStatus.Ok, engine.Name)]
            : [new(check, FindingStatus.Warn, $"{engine.Name}, because Edge:Tls:Engine cannot be used here: {fallback}", "install an OpenSSL that it works with, or remove Edge:Tls:Engine")];
    }

    /// <summary>In-memory handshakes with a temporary certificate, as at every start.</summary>
    public static async Task<IEnumerable<Finding>> CheckPolicyAsync(EdgeOptions options, ITlsEngine engine, TimeProvider time, CancellationToken cancellationToken)
    {
        const string check = "policy";
        var problems = await TlsPolicySelfTest.ProblemsAsync(options, engine, time, cancellationToken);
        return problems.Count == 0
            ? [new(check, FindingStatus.Ok, $"{options.Tls.Policy} is in force")]
            : problems.Select(problem => new Finding(check, FindingStatus.Fail, problem, "install imgw again"));
    }

    /// <summary>The limits of the running edge as it reports them, otherwise those of a process started from this shell.</summary>
    public static async Task<IEnumerable<Finding>> CheckLimitsAsync(EdgeOptions options, CancellationToken cancellationToken)
    {
        using var edge = new ControlClient(options);
        return Of((await edge.GetAsync<IReadOnlyList<LimitStatus>>("/limits", cancellationToken))?.Value ?? []);
    }

    static IEnumerable<Finding> Of(IReadOnlyList<LimitStatus> limits) => limits.Count > 0
        ? limits.Select(limit => limit.IsNearlyExhausted
            ? new Finding(NameOf(limit), FindingStatus.Warn, $"{Used(limit)}: at the limit clients are refused", RemedyOf(limit.Name))
            : limit.Name == "descriptors" && limit.Limit < Descriptors ? TooFew(limit.Limit, "the running edge") : new Finding(NameOf(limit), FindingStatus.Ok, Used(limit)))
        : [OpenFiles.Limit switch
        {
            null => new Finding(DescriptorsCheck, FindingStatus.Warn, "this system does not report their limit", "see that 10,000 may be open"),
            < OpenFiles.Minimum and var limit => new Finding(
                DescriptorsCheck, FindingStatus.Fail, $"{limit} for a process started from here; the edge does not start with fewer than {OpenFiles.Minimum}", OpenFiles.HowToRaise),
            < Descriptors and var limit => TooFew(limit, "a process started from here"),
            var limit => new Finding(DescriptorsCheck, FindingStatus.Ok, limit == int.MaxValue ? "unlimited" : $"{limit} for a process started from here"),
        }];

    static Finding TooFew(long limit, string whose) =>
        new(DescriptorsCheck, FindingStatus.Warn, $"{limit} for {whose}; each WebSocket takes two", OpenFiles.HowToRaise);

    static string Used(LimitStatus limit) => string.Create(CultureInfo.InvariantCulture, $"{limit.Used} of {limit.Limit} used or kept by the running edge");

    static string NameOf(LimitStatus limit) =>
        $"{(limit.Name == "descriptors" ? DescriptorsCheck : limit.Name.Replace('_', ' '))}{(limit.Destination is null ? "" : $" {limit.Destination}")}";

    static string RemedyOf(string limit) => limit switch
    {
        "descriptors" => OpenFiles.HowToRaise,
        _ => "see docs/operations.md, Capacity",
    };
}
