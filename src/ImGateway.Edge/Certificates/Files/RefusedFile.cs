namespace ImGateway.Edge.Certificates.Files;

/// <summary>A certificate file whose content was refused and has not been corrected yet.</summary>
/// <param name="File">The path as configured.</param>
/// <param name="Since">When the file was first refused since it was last usable.</param>
/// <param name="Why">The reason, in one line.</param>
/// <param name="Hosts">The hosts that the file covers, as far as known.</param>
public sealed record RefusedFile(string File, DateTimeOffset Since, string Why, IReadOnlyList<string> Hosts);
