namespace ImGateway.Edge.Certificates.Files;

/// <summary>A certificate file whose content is not in use, from its refusal until it is mended.</summary>
/// <param name="File">The path as configured.</param>
/// <param name="Since">When the file was first refused since it was last in order.</param>
/// <param name="Why">One line.</param>
/// <param name="Hosts">Those that the file is for, as far as that is known.</param>
public sealed record RefusedFile(string File, DateTimeOffset Since, string Why, IReadOnlyList<string> Hosts);
