namespace ImGateway.Edge.Certificates.Served;

/// <summary>The certificate that a rollback would restore.</summary>
public sealed record PreviousCertificate(string SerialNumber, DateTimeOffset NotAfter);
