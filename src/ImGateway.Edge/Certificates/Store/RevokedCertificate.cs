namespace ImGateway.Edge.Certificates.Store;

/// <summary>A certificate that an operator has revoked.</summary>
/// <param name="CertificateSha256">SHA-256 of the certificate.</param>
/// <param name="SpkiSha256">The pin of its key (RFC 7469 §2.4).</param>
/// <param name="Reason">The reason code in the spelling of RFC 5280 §5.3.1.</param>
sealed record RevokedCertificate(string CertificateSha256, string SpkiSha256, string SerialNumber, string Reason, DateTimeOffset RevokedAt, DateTimeOffset NotAfter)
{
    public const string KeyCompromise = "keyCompromise";

    /// <summary>Whether others may have the key, so that no certificate for it may be served again.</summary>
    public bool IsCompromised => Reason == KeyCompromise;
}
