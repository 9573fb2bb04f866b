using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates.Installation;

/// <summary>The result of an import or a rollback. If there are problems, nothing has changed.</summary>
/// <param name="Problems">Complete lines: problem and remedy. They call the parts of the input <c>certificate</c>, <c>key</c> and <c>chain</c>.</param>
public sealed record InstallResult(IReadOnlyList<InstalledHost> Installed, IReadOnlyList<string> Problems)
{
    public bool Succeeded => Problems.Count == 0;

    /// <summary>Warnings, which do not prevent the installation.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    public static InstallResult Failed(params IReadOnlyList<string> problems) => new([], problems);
}

/// <param name="OldSerialNumber">Null if the host had no certificate; equal to the new one if nothing had to change.</param>
public sealed record InstalledHost(HostName Host, string? OldSerialNumber, string NewSerialNumber, DateTimeOffset NotAfter);

/// <summary>Why certificates were not installed.</summary>
/// <param name="IsStorage">Whether the storage failed and not the certificate, so that a retry makes sense.</param>
sealed record InstallFailure(string Why, bool IsStorage)
{
    /// <summary>Whether the certificate is only not valid yet.</summary>
    public bool IsEarly { get; init; }
}
