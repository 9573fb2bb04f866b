namespace ImGateway.Edge.Certificates.Store;

/// <summary>What was revoked by an operator.</summary>
/// <param name="CertificateSha256">Of the leaf.</param>
/// <param name="SpkiSha256">Pin of its key (RFC 7469 §2.4).</param>
/// <param name="Reason">As RFC 5280 §5.3.1 spells it.</param>
sealed record RevokedCertificate(string CertificateSha256, string SpkiSha256, string SerialNumber, string Reason, DateTimeOffset RevokedAt, DateTimeOffset NotAfter)
{
    public const string KeyCompromise = "keyCompromise";

    /// <summary>Others may have the key: no certificate for it may be served again.</summary>
    public bool IsCompromised => Reason == KeyCompromise;
}
