namespace ImGateway.Edge.Certificates.Stapling;

enum CertificateRevocation
{
    Good,
    Revoked,
    Unknown,
}

/// <summary>The status of one certificate from a verified response.</summary>
/// <param name="ThisUpdate">The time at which the status was known to be correct.</param>
/// <param name="NextUpdate">The end of the response's validity.</param>
/// <param name="Response">The whole response in DER, for stapling.</param>
sealed record OcspAnswer(CertificateRevocation Status, DateTimeOffset ThisUpdate, DateTimeOffset NextUpdate, byte[] Response);
