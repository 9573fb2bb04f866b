using ImGateway.Edge.Certificates.Installation;
using ImGateway.Edge.Certificates.Renewal;
using ImGateway.Edge.Operations.Shutdown;

namespace ImGateway.Edge.Operations.Control;

/// <summary>The request of <c>cert import</c>. Never printed, because it contains a key.</summary>
sealed class ControlImport
{
    /// <summary>The certificate in PEM, which its chain may follow.</summary>
    public string? Certificate { get; init; }

    /// <summary>The private key in PEM.</summary>
    public string? Key { get; init; }

    public string? Chain { get; init; }

    /// <summary>The password of an encrypted key.</summary>
    public string? Password { get; init; }
}

/// <summary>The result of a successful import or rollback.</summary>
sealed record ControlInstalled(IReadOnlyList<ControlInstalledHost> Installed, IReadOnlyList<string> Warnings)
{
    public static ControlInstalled Of(InstallResult result) =>
        new([.. result.Installed.Select(host => new ControlInstalledHost(host.Host.Value, host.OldSerialNumber, host.NewSerialNumber, host.NotAfter))], result.Warnings);
}

/// <param name="OldSerialNumber">Null if the host had no certificate; equal to the new one if nothing changed.</param>
sealed record ControlInstalledHost(string Host, string? OldSerialNumber, string NewSerialNumber, DateTimeOffset NotAfter);

/// <summary>The request of <c>cert renew</c>.</summary>
/// <param name="Force">Renews even if the certificate is not due.</param>
/// <param name="Staging">A dry run at the CA's staging directory.</param>
sealed record ControlRenew(bool Force, bool Staging);

/// <summary>The request of <c>cert revoke</c>.</summary>
/// <param name="Reason">The reason, as RFC 5280 §5.3.1 spells it.</param>
sealed record ControlRevoke(string Reason);

/// <summary>The result of a renewal or a revocation.</summary>
/// <param name="Message">One line: the certificate now served, or the reason of the failure and the remedy.</param>
sealed record ControlRenewed(string Host, bool Succeeded, string Message)
{
    /// <summary>All affected hosts: a revocation affects every host that serves the certificate.</summary>
    public IReadOnlyList<string> Hosts { get; init; } = [Host];

    public static ControlRenewed Of(RenewResult result) =>
        new(result.Host.Value, result.Succeeded, result.Message) { Hosts = [.. result.Hosts.Select(host => host.Value)] };
}

/// <summary>The result of a successful reload.</summary>
/// <param name="Changes">One line for each change; empty if nothing changed.</param>
/// <param name="Since">If nothing changed: when, and by which trigger, the configuration in force was read.</param>
sealed record ControlReloaded(IReadOnlyList<string> Changes, IReadOnlyList<string> Warnings, string Since)
{
    /// <summary>Certificate files that are still refused, one line each.</summary>
    public IReadOnlyList<string> RefusedFiles { get; init; } = [];
}

/// <summary>The result of a drain; the edge stops after sending it.</summary>
/// <param name="Cut">WebSockets aborted at the time-out.</param>
sealed record ControlDrained(double Seconds, long Closed, int Cut)
{
    public static ControlDrained Of(DrainResult drained) => new(drained.Took.TotalSeconds, drained.Closed, drained.Aborted);
}

/// <summary>The running edge's response: a value, or the reasons of a refusal.</summary>
sealed record ControlReply<T>(T? Value, IReadOnlyList<string> Problems);

/// <summary>The error response of the control socket.</summary>
/// <param name="Problems">One line for each problem.</param>
sealed record ControlProblems(IReadOnlyList<string> Problems);
