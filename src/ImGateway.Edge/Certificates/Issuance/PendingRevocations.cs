using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Serialization;
using ImGateway.Acme;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;

namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>A certificate that the CA has been asked to revoke, or is to be, and has not confirmed.</summary>
/// <param name="Certificate">DER: the CA takes nothing less (RFC 8555 §7.6).</param>
/// <param name="Who">Asked for it.</param>
sealed record PendingRevocation(byte[] Certificate, RevocationReason Reason, string Who)
{
    public bool IsOf(X509Certificate2 other) => other.RawDataMemory.Span.SequenceEqual(Certificate);
}

/// <summary>
/// <c>DataDirectory/revocations.json</c>: what is still to be revoked at the CA, over restarts. An operator who repeats the verb would name a host that
/// serves another certificate by then.
/// </summary>
sealed partial class PendingRevocations(CertificateConfiguration options, TimeProvider time, ILogger<PendingRevocations> logger)
{
    static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true, Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) } };

    // DataDirectory changes at a start alone.
    readonly string _path = Path.Combine(options.Value.DataDirectory, "revocations.json");
    readonly Lock _lock = new();
    List<PendingRevocation>? _all;

    /// <summary>Without those that have expired meanwhile: no client accepts them any more.</summary>
    public IReadOnlyList<PendingRevocation> All
    {
        get
        {
            lock (_lock)
            {
                _all ??= Read();
                if (_all.RemoveAll(HasExpired) > 0) Write();
                return [.. _all];
            }
        }
    }

    public void Add(IEnumerable<PendingRevocation> revocations)
    {
        lock (_lock)
        {
            _all ??= Read();
            _all.AddRange(revocations.Where(added => !_all.Exists(known => known.Certificate.AsSpan().SequenceEqual(added.Certificate))));
            Write();
        }
    }

    /// <summary>The CA has confirmed it.</summary>
    public void Remove(X509Certificate2 certificate)
    {
        lock (_lock)
        {
            if (_all?.RemoveAll(known => known.IsOf(certificate)) > 0) Write();
        }
    }

    bool HasExpired(PendingRevocation revocation)
    {
        using var certificate = X509CertificateLoader.LoadCertificate(revocation.Certificate);
        return new DateTimeOffset(certificate.NotAfter) < time.GetUtcNow();
    }

    List<PendingRevocation> Read()
    {
        if (!File.Exists(_path)) return [];
        try
        {
            return JsonSerializer.Deserialize<List<PendingRevocation>>(ByteOrderMark.Skip(File.ReadAllBytes(_path)), Json) ?? [];
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            NotRead(_path, e.Message.TrimEnd('.'));
            return [];
        }
    }

    void Write()
    {
        try
        {
            if (_all!.Count == 0) File.Delete(_path);
            else DurableFile.Write(_path, JsonSerializer.SerializeToUtf8Bytes(_all, Json));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            NotWritten(_path, e.Message.TrimEnd('.'));
        }
    }

    [LoggerMessage(1, LogLevel.Error, "{Path}: cannot be read: {Why}. Revocations that the CA has not confirmed are not repeated; ask the CA for them")]
    partial void NotRead(string path, string why);

    [LoggerMessage(2, LogLevel.Error, "{Path}: cannot be written: {Why}. The revocation goes on, and a restart would not repeat it; see to the space in DataDirectory and to its owner")]
    partial void NotWritten(string path, string why);
}
