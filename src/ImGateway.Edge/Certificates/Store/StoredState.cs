using System.Text.Json;
using System.Text.Json.Serialization;
using ImGateway.Edge.Certificates.Renewal;
using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates.Store;

/// <summary>
/// <c>state.json</c>: where a stored certificate came from. It is written after the certificate, so it says which one it speaks of.
/// </summary>
/// <param name="CertificateSha256">Of the leaf.</param>
/// <param name="FileSha256">Content of the watched file last taken in for this host: true whichever certificate is stored.</param>
sealed record StoredState(
    string CertificateSha256,
    string SerialNumber,
    string Source,
    string Origin,
    DateTimeOffset InstalledAt,
    bool ByHand,
    string? FileSha256,
    StoredState? Previous)
{
    /// <summary>Of a host that has no certificate, but a renewal under way.</summary>
    public static readonly StoredState None = new("", "", "", "", default, ByHand: false, FileSha256: null, Previous: null);

    /// <summary>The origin where the state of a certificate was lost.</summary>
    public const string Unknown = "unknown";

    /// <summary>How the next certificate is coming along; it says of which one it speaks.</summary>
    public RenewalState? Renewal { get; init; }

    static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    public static StoredState Of(ServedCredential served, StoredState? previous) => new(
        served.Credential.Fingerprint,
        served.Credential.SerialNumber,
        served.Source,
        served.Origin,
        served.InstalledAt,
        served.ByHand,
        served.FileHash,
        previous is null or { CertificateSha256: "" } ? null : previous with { Previous = null, FileSha256 = null, Renewal = null });

    /// <summary>Null where it is damaged: everything in it can be done without.</summary>
    public static StoredState? Parse(byte[] content)
    {
        try
        {
            return JsonSerializer.Deserialize<StoredState>(ByteOrderMark.Skip(content), Json);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, Json);

    /// <summary>The part of <paramref name="state"/> that speaks of <paramref name="credential"/>.</summary>
    public static ServedCredential Describe(Credential credential, StoredState? state)
    {
        var own = Array.Find([state, state?.Previous], entry => entry?.CertificateSha256 == credential.Fingerprint);
        return new ServedCredential(credential, own?.Source ?? ServedCredential.Import, own?.Origin ?? Unknown)
        {
            InstalledAt = own?.InstalledAt ?? credential.NotBefore,
            ByHand = own?.ByHand ?? true,
            FileHash = state?.FileSha256,
        };
    }
}
