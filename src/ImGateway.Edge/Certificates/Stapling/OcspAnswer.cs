namespace ImGateway.Edge.Certificates.Stapling;

enum CertificateRevocation
{
    Good,
    Revoked,
    Unknown,
}

/// <summary>What a verified response says about one certificate.</summary>
/// <param name="ThisUpdate">When it was known to be so.</param>
/// <param name="NextUpdate">Until when the response may be relied on.</param>
/// <param name="Response">The whole response, as it is stapled.</param>
sealed record OcspAnswer(CertificateRevocation Status, DateTimeOffset ThisUpdate, DateTimeOffset NextUpdate, byte[] Response);
