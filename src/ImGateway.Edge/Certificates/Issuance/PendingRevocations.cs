using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Serialization;
using ImGateway.Acme;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Scheduling;
using ImGateway.Edge.Storage;

namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>A revocation that the CA has not confirmed yet.</summary>
/// <param name="Certificate">The certificate in DER, as the request needs it (RFC 8555 §7.6).</param>
/// <param name="Who">The user who requested it.</param>
sealed record PendingRevocation(byte[] Certificate, RevocationReason Reason, string Who)
{
    public bool IsOf(X509Certificate2 other) => other.RawDataMemory.Span.SequenceEqual(Certificate);
}

/// <summary>
/// <c>DataDirectory/revocations.json</c>: revocations that the CA has not confirmed yet, over restarts. An operator could not simply repeat the verb,
/// because the host may serve another certificate by then. While the file cannot be read, nothing is written, so that no entry is lost.
/// </summary>
sealed partial class PendingRevocations(IStorage storage, TimeProvider time, ILogger<PendingRevocations> logger) : IDisposable
{
    const string Key = "revocations.json";

    static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true, Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) } };

    readonly AsyncLock _lock = new();
    List<PendingRevocation> _all = [];
    bool _isRead, _isReported;

    /// <summary>Without expired certificates, which no client accepts.</summary>
    public async Task<IReadOnlyList<PendingRevocation>> AllAsync(CancellationToken cancellationToken)
    {
        using (await _lock.AcquireAsync(cancellationToken))
        {
            await ReadAsync(cancellationToken);
            if (_all.RemoveAll(HasExpired) > 0) await WriteAsync(cancellationToken);
            return [.. _all];
        }
    }

    public async Task AddAsync(IEnumerable<PendingRevocation> revocations, CancellationToken cancellationToken)
    {
        using (await _lock.AcquireAsync(cancellationToken))
        {
            await ReadAsync(cancellationToken);
            Add(revocations);
            await WriteAsync(cancellationToken);
        }
    }

    /// <summary>Removes a revocation that the CA has confirmed.</summary>
    public async Task RemoveAsync(X509Certificate2 certificate, CancellationToken cancellationToken)
    {
        using (await _lock.AcquireAsync(cancellationToken))
        {
            if (_all.RemoveAll(known => known.IsOf(certificate)) > 0) await WriteAsync(cancellationToken);
        }
    }

    public void Dispose() => _lock.Dispose();

    bool HasExpired(PendingRevocation revocation)
    {
        using var certificate = X509CertificateLoader.LoadCertificate(revocation.Certificate);
        return new DateTimeOffset(certificate.NotAfter) < time.GetUtcNow();
    }

    void Add(IEnumerable<PendingRevocation> revocations) =>
        _all.AddRange(revocations.Where(added => !_all.Exists(known => known.Certificate.AsSpan().SequenceEqual(added.Certificate))).ToList());

    /// <summary>Reads the file once. After an error the next call tries again; what was added until then is kept in memory, and stored after the read.</summary>
    async Task ReadAsync(CancellationToken cancellationToken)
    {
        if (_isRead) return;
        List<PendingRevocation> stored;
        try
        {
            stored = await storage.ReadAsync(Key, cancellationToken) is { } value ? Parse(value.Content) : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (!_isReported) NotReadYet(storage.LocationOf(Key), e.Message.TrimEnd('.'));
            _isReported = true;
            return;
        }

        var added = _all;
        (_all, _isRead) = (stored, true);
        Add(added);
        if (added.Count > 0) await WriteAsync(cancellationToken);
    }

    /// <summary>The entries that can be used: an entry that is damaged does not affect the others.</summary>
    List<PendingRevocation> Parse(byte[] content)
    {
        try
        {
            return [.. (JsonSerializer.Deserialize<IReadOnlyList<PendingRevocation?>>(ByteOrderMark.Skip(content), Json) ?? []).OfType<PendingRevocation>().Where(IsUsable)];
        }
        catch (JsonException e)
        {
            NotRead(storage.LocationOf(Key), e.Message.TrimEnd('.'));
            return [];
        }
    }

    bool IsUsable(PendingRevocation revocation)
    {
        try
        {
            // Null if the file was edited by hand.
            X509CertificateLoader.LoadCertificate(revocation.Certificate ?? []).Dispose();
            return true;
        }
        catch (CryptographicException e)
        {
            NotRead(storage.LocationOf(Key), $"a certificate is damaged: {e.Message.TrimEnd('.')}");
            return false;
        }
    }

    async Task WriteAsync(CancellationToken cancellationToken)
    {
        if (!_isRead) return;
        try
        {
            if (_all.Count == 0) await storage.DeleteAsync(Key, cancellationToken);
            else await storage.WriteAsync(Key, JsonSerializer.SerializeToUtf8Bytes(_all, Json), cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            NotWritten(storage.LocationOf(Key), e.Message.TrimEnd('.'));
        }
    }

    [LoggerMessage(1, LogLevel.Error, "{Path}: cannot be read: {Why}. Revocations that the CA has not confirmed are not repeated; ask the CA for them")]
    partial void NotRead(string path, string why);

    [LoggerMessage(2, LogLevel.Error, "{Path}: cannot be written: {Why}. The revocation goes on, and a restart would not repeat it; see to the space in DataDirectory and to its owner")]
    partial void NotWritten(string path, string why);

    [LoggerMessage(3, LogLevel.Error, "{Path}: cannot be read: {Why}. The revocations in it are repeated once it can be; see to DataDirectory and to its owner")]
    partial void NotReadYet(string path, string why);
}
