using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates.Installation;

/// <summary>What came of an import or a rollback: all of it, or nothing where there are problems.</summary>
/// <param name="Problems">Complete lines: what is wrong and what to do. They name what was handed in <c>certificate</c>, <c>key</c> and <c>chain</c>.</param>
public sealed record InstallResult(IReadOnlyList<InstalledHost> Installed, IReadOnlyList<string> Problems)
{
    public bool Succeeded => Problems.Count == 0;

    /// <summary>Worth knowing, in the way of nothing.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    public static InstallResult Failed(params IReadOnlyList<string> problems) => new([], problems);
}

/// <param name="OldSerialNumber">Null where the host had no certificate; equal to the new one where nothing had to change.</param>
public sealed record InstalledHost(HostName Host, string? OldSerialNumber, string NewSerialNumber, DateTimeOffset NotAfter);
