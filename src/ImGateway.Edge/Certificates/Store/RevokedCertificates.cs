using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates.Store;

/// <summary>
/// <c>DataDirectory/revoked.json</c>: certificates that an operator has revoked, and pins of keys that others may have. It is one file for
/// all hosts, so that one write marks every host that serves the certificate, and what is marked stays so over a restart.
/// </summary>
sealed partial class RevokedCertificates(IStorage storage, TimeProvider time, ILogger<RevokedCertificates> logger)
{
    static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    const string Key = "revoked.json";

    volatile IReadOnlyList<RevokedCertificate> _all = [];

    public bool HasCompromisedKeys => _all.Any(revoked => revoked.IsCompromised);

    /// <summary>What another process or an earlier one has written, together with what could not be written here.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public async Task ReadAsync(CancellationToken cancellationToken) => await MergeAsync(cancellationToken);

    /// <summary>Whether the certificate, or its key, is to be replaced.</summary>
    public bool Contains(X509Certificate2 certificate) => Find(certificate) is not null;

    public bool Contains(Credential credential) => Contains(credential.Leaf);

    public bool IsCompromised(AsymmetricAlgorithm key)
    {
        var pin = CertificatePins.Of(key);
        return _all.Any(revoked => revoked.IsCompromised && revoked.SpkiSha256 == pin);
    }

    /// <summary>Why the certificate must not be served; null where it may be.</summary>
    public string? Refusal(Credential credential) => Find(credential.Leaf) switch
    {
        null => null,
        { IsCompromised: true } known =>
            $"certificate {credential.SerialNumber}: its key was revoked as compromised at {known.RevokedAt:u} and must not be used again; have a certificate issued for a new key",
        var known => $"certificate {credential.SerialNumber}: was revoked at {known.RevokedAt:u} ({known.Reason}); have another one issued",
    };

    /// <summary>Known to this process from here on; kept where it may write.</summary>
    /// <param name="reason">As RFC 5280 §5.3.1 spells it.</param>
    public async Task AddAsync(Credential credential, string reason, CancellationToken cancellationToken)
    {
        var revoked = new RevokedCertificate(
            credential.Fingerprint, CertificatePins.Of(credential), credential.SerialNumber, reason, time.GetUtcNow(), credential.NotAfter);
        // A second reason adds nothing, unless it is the one that concerns the key.
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
                // By union with what other nodes have written: nothing that was revoked is forgotten.
                var version = await MergeAsync(cancellationToken);
                try
                {
                    await storage.WriteAsync([new StorageChange(Key, JsonSerializer.SerializeToUtf8Bytes(_all, Json), version)], lease: null, cancellationToken);
                    return;
                }
                catch (StorageConflictException)
                {
                    // Another node was faster; its entries are merged too.
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The revocation itself cannot wait for an empty disk.
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

    /// <summary>What has expired cannot come back; a key can, in another certificate. Of two reasons the one that concerns the key counts.</summary>
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
