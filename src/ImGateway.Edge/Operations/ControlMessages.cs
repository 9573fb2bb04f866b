using ImGateway.Edge.Certificates;

namespace ImGateway.Edge.Operations;

/// <summary>What <c>cert import</c> hands to the running edge. Has no printable form.</summary>
sealed class ControlImport
{
    /// <summary>PEM, as the others.</summary>
    public string? Certificate { get; init; }

    public string? Key { get; init; }

    public string? Chain { get; init; }

    /// <summary>Of the key, if it is encrypted.</summary>
    public string? Password { get; init; }
}

/// <summary>What came of an import or a rollback that went through.</summary>
sealed record ControlInstalled(IReadOnlyList<ControlInstalledHost> Installed, IReadOnlyList<string> Warnings)
{
    public static ControlInstalled Of(InstallResult result) =>
        new([.. result.Installed.Select(host => new ControlInstalledHost(host.Host.Value, host.OldSerialNumber, host.NewSerialNumber, host.NotAfter))], result.Warnings);
}

/// <param name="OldSerialNumber">Null where the host had no certificate; equal to the new one where nothing had to change.</param>
sealed record ControlInstalledHost(string Host, string? OldSerialNumber, string NewSerialNumber, DateTimeOffset NotAfter);

/// <summary>What <c>cert renew</c> wants.</summary>
/// <param name="Force">Even where the certificate is not due.</param>
/// <param name="Staging">A dry run at the CA's staging directory.</param>
sealed record ControlRenew(bool Force, bool Staging);

/// <summary>What <c>cert revoke</c> wants.</summary>
/// <param name="Reason">As RFC 5280 §5.3.1 spells it.</param>
sealed record ControlRevoke(string Reason);

/// <summary>What came of a renewal or a revocation.</summary>
/// <param name="Message">One line: what is served now, or why not and what to do.</param>
sealed record ControlRenewed(string Host, bool Succeeded, string Message)
{
    /// <summary>All that it concerns: a revocation reaches every host that serves the certificate.</summary>
    public IReadOnlyList<string> Hosts { get; init; } = [Host];

    public static ControlRenewed Of(RenewResult result) =>
        new(result.Host.Value, result.Succeeded, result.Message) { Hosts = [.. result.Hosts.Select(host => host.Value)] };
}

/// <summary>What came of a reload that went through.</summary>
/// <param name="Changes">One line each; none: nothing has changed.</param>
/// <param name="Since">When and by whom what is in force was read, where nothing has changed.</param>
sealed record ControlReloaded(IReadOnlyList<string> Changes, IReadOnlyList<string> Warnings, string Since)
{
    /// <summary>Certificate files that are still not put to use, one line each.</summary>
    public IReadOnlyList<string> RefusedFiles { get; init; } = [];
}

/// <summary>What came of a drain; the edge ends when it has told.</summary>
/// <param name="Cut">WebSockets that did not end in time.</param>
sealed record ControlDrained(double Seconds, long Closed, int Cut)
{
    public static ControlDrained Of(Drained drained) => new(drained.Took.TotalSeconds, drained.Closed, drained.Cut);
}

/// <summary>What the running edge said: a value, or why not.</summary>
sealed record ControlReply<T>(T? Value, IReadOnlyList<string> Problems);

/// <summary>How the control socket says no.</summary>
/// <param name="Problems">One line each.</param>
sealed record ControlProblems(IReadOnlyList<string> Problems);
