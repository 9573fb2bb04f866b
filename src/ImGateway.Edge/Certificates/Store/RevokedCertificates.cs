using System.Security.Cryptography.X509Certificates;
using System.Security.Cryptography;
using System.Text.Json;
using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates.Store;

/// <summary>
/// <c>DataDirectory/revoked.json</c>: the certificates that an operator has revoked, and the pins of compromised keys. One file for all hosts, so
/// that one durable write marks every host that serves the certificate.
/// </summary>
sealed partial class RevokedCertificates(IStorage storage, TimeProvider time, ILogger<RevokedCertificates> logger)
{
    static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    const string Key = "revoked.json";

    volatile IReadOnlyList<RevokedCertificate> _all = [];

    public bool IsEmpty => _all.Count == 0;

    public bool HasCompromisedKeys => _all.Any(revoked => revoked.IsCompromised);

    /// <summary>Reads what this or another process has written, and merges it with entries that could not be written.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">Access is denied.</exception>
    public async Task ReadAsync(CancellationToken cancellationToken) => await MergeAsync(cancellationToken);

    /// <summary>Whether the certificate or its key was revoked.</summary>
    public bool Contains(X509Certificate2 certificate) => Find(certificate) is not null;

    public bool Contains(Credential credential) => Contains(credential.Leaf);

    public bool IsCompromised(Credential credential) => Find(credential.Leaf) is { IsCompromised: true };

    public bool IsCompromised(AsymmetricAlgorithm key)
    {
        var pin = CertificatePins.Of(key);
        return _all.Any(revoked => revoked.IsCompromised && revoked.SpkiSha256 == pin);
    }

    /// <summary>Why the certificate must not be served; null if it may be.</summary>
    public string? Refusal(Credential credential) => Find(credential.Leaf) switch
    {
        null => null,
        { IsCompromised: true } known =>
            $"certificate {credential.SerialNumber}: its key was revoked as compromised at {known.RevokedAt:u} and must not be used again; have a certificate issued for a new key",
        var known => $"certificate {credential.SerialNumber}: was revoked at {known.RevokedAt:u} ({known.Reason}); have another one issued",
    };

    /// <summary>Marks the certificate as revoked: in this process at once, and in the storage if it is a writer.</summary>
    /// <param name="reason">The reason code in the spelling of RFC 5280 §5.3.1.</param>
    public async Task AddAsync(Credential credential, string reason, CancellationToken cancellationToken)
    {
        var revoked = new RevokedCertificate(
            credential.Fingerprint, CertificatePins.Of(credential), credential.SerialNumber, reason, time.GetUtcNow(), credential.NotAfter);
        // A second reason matters only if it is a key compromise.
        if (Find(credential.Leaf) is { } known && (known.IsCompromised || !revoked.IsCompromised)) return;
        _all = Needed([.. _all, revoked]);
        if (storage.IsWriter) await WriteAsync(cancellationToken);
    }

    async Task WriteAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                // Merge with the entries of other edges, so that none is lost.
                var version = await MergeAsync(cancellationToken);
                try
                {
                    await storage.WriteAsync([new StorageChange(Key, JsonSerializer.SerializeToUtf8Bytes(_all, Json), version)], lease: null, cancellationToken);
                    return;
                }
                catch (StorageConflictException)
                {
                    // Another edge has written meanwhile: merge again.
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A full disk does not prevent the revocation at the CA.
            NotWritten(storage.LocationOf(Key), e.Message.TrimEnd('.'));
        }
    }

    /// <returns>The version that was read.</returns>
    async Task<string> MergeAsync(CancellationToken cancellationToken)
    {
        if (await storage.ReadAsync(Key, cancellationToken) is not { } value) return StoredValue.Absent;
        try
        {
            var stored = JsonSerializer.Deserialize<IReadOnlyList<RevokedCertificate>>(ByteOrderMark.Skip(value.Content), Json) ?? [];
            _all = Needed([.. stored, .. _all.Where(known => !stored.Contains(known))]);
        }
        catch (JsonException e)
        {
            Damaged(storage.LocationOf(Key), e.Message);
        }

        return value.Version;
    }

    /// <summary>Removes expired certificates, but no compromised keys, which may be used in other certificates. A key compromise supersedes other reasons.</summary>
    List<RevokedCertificate> Needed(List<RevokedCertificate> all)
    {
        var now = time.GetUtcNow();
        return all.FindAll(entry => entry.IsCompromised || (entry.NotAfter > now && !all.Exists(other => other.IsCompromised && other.CertificateSha256 == entry.CertificateSha256)));
    }

    RevokedCertificate? Find(X509Certificate2 certificate)
    {
        var all = _all;
        if (all.Count == 0) return null;
        var (sha256, pin) = (certificate.GetCertHashString(HashAlgorithmName.SHA256), CertificatePins.Of(certificate));
        return all.FirstOrDefault(revoked => revoked.IsCompromised && revoked.SpkiSha256 == pin) ?? all.FirstOrDefault(revoked => revoked.CertificateSha256 == sha256);
    }

    [LoggerMessage(1, LogLevel.Error, "{Path}: is damaged: {Why}. What was revoked before is not known; restore the file from a backup, or remove it")]
    partial void Damaged(string path, string why);

    [LoggerMessage(2, LogLevel.Error, "{Path}: cannot be written: {Why}. The revocation goes on, and a restart would not know of it; see to the space in DataDirectory and to its owner")]
    partial void NotWritten(string path, string why);
}

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
