using System.Text.Json.Serialization;
using System.Text.Json;
using ImGateway.Edge.Certificates.Renewal;
using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates.Store;

/// <summary>
/// <c>state.json</c>: the origin of a stored certificate. Written after the certificate, so it contains the certificate's fingerprint.
/// </summary>
/// <param name="CertificateSha256">SHA-256 of the certificate.</param>
/// <param name="FileSha256">The hash of the file content last installed for this host, whichever certificate is stored now.</param>
sealed record StoredMetadata(
    string CertificateSha256,
    string SerialNumber,
    string Source,
    string Origin,
    DateTimeOffset InstalledAt,
    bool ByHand,
    string? FileSha256,
    StoredMetadata? Previous)
{
    /// <summary>For a host that has no certificate yet, but a renewal state.</summary>
    public static readonly StoredMetadata None = new("", "", "", "", default, ByHand: false, FileSha256: null, Previous: null);

    /// <summary>The origin of a certificate whose state was lost.</summary>
    public const string Unknown = "unknown";

    /// <summary>The state of the renewal. Contains its certificate's fingerprint itself.</summary>
    public RenewalState? Renewal { get; init; }

    static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    public static StoredMetadata Of(HostCertificate served, StoredMetadata? previous) => new(
        served.Credential.Fingerprint,
        served.Credential.SerialNumber,
        served.Source,
        served.Origin,
        served.InstalledAt,
        served.ByHand,
        served.FileHash,
        previous is null or { CertificateSha256: "" } ? null : previous with { Previous = null, FileSha256 = null, Renewal = null });

    public static async Task<StoredMetadata?> ReadAsync(IStorage storage, HostName host, CancellationToken cancellationToken) =>
        await storage.ReadAsync(StoreKeys.Of(host).State, cancellationToken) is { } value ? Parse(value.Content) : null;

    /// <summary>Changes the stored metadata. Does nothing if another edge stores another certificate meanwhile, because its metadata is the current one.</summary>
    /// <param name="change">The next metadata for the current one, which is null if there is none or it is damaged.</param>
    public static async Task ChangeAsync(IStorage storage, HostName host, Func<StoredMetadata?, StoredMetadata> change, CancellationToken cancellationToken)
    {
        string? first = null;
        await storage.ChangeAsync(StoreKeys.Of(host).State, content =>
        {
            var current = content is null ? null : Parse(content);
            var certificate = (current ?? None).CertificateSha256;
            first ??= certificate;
            return certificate == first ? change(current).ToBytes() : null;
        }, cancellationToken);
    }

    /// <summary>Null if it is damaged: the edge can serve without it.</summary>
    public static StoredMetadata? Parse(byte[] content)
    {
        try
        {
            return JsonSerializer.Deserialize<StoredMetadata>(ByteOrderMark.Skip(content), Json);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, Json);

    /// <summary>Describes the credential by the part of <paramref name="metadata"/> that is about it.</summary>
    public static HostCertificate Describe(Credential credential, StoredMetadata? metadata)
    {
        var own = Array.Find([metadata, metadata?.Previous], entry => entry?.CertificateSha256 == credential.Fingerprint);
        return new HostCertificate(credential, own?.Source ?? HostCertificate.Import, own?.Origin ?? Unknown)
        {
            InstalledAt = own?.InstalledAt ?? credential.NotBefore,
            ByHand = own?.ByHand ?? true,
            FileHash = metadata?.FileSha256,
        };
    }
}
