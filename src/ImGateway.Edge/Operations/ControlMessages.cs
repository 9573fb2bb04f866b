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

/// <summary>What the running edge said: a value, or why not.</summary>
sealed record ControlReply<T>(T? Value, IReadOnlyList<string> Problems);

/// <summary>How the control socket says no.</summary>
/// <param name="Problems">One line each.</param>
sealed record ControlProblems(IReadOnlyList<string> Problems);
