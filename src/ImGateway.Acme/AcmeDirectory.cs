using ImGateway.Acme.Protocol;

namespace ImGateway.Acme;

/// <summary>What a CA offers, and where (RFC 8555 §7.1.1).</summary>
/// <param name="NewNonce">Where nonces come from.</param>
/// <param name="NewAccount">Where accounts are registered and found.</param>
/// <param name="NewOrder">Where orders are placed.</param>
/// <param name="RevokeCertificate">Where certificates are revoked.</param>
/// <param name="KeyChange">Null: account keys cannot be rolled over.</param>
/// <param name="RenewalInfo">Null: no ARI (RFC 9773).</param>
/// <param name="TermsOfService">Where they can be read.</param>
/// <param name="Website">The CA's.</param>
/// <param name="CaaIdentities">Names by which CAA records allow this CA.</param>
/// <param name="ExternalAccountRequired">Registration needs an <see cref="ExternalAccount"/>.</param>
/// <param name="Profiles">What an order may ask for, by name, with the CA's description.</param>
public sealed record AcmeDirectory(
    Uri NewNonce,
    Uri NewAccount,
    Uri NewOrder,
    Uri RevokeCertificate,
    Uri? KeyChange,
    Uri? RenewalInfo,
    string? TermsOfService,
    string? Website,
    IReadOnlyList<string> CaaIdentities,
    bool ExternalAccountRequired,
    IReadOnlyDictionary<string, string> Profiles)
{
    internal static AcmeDirectory Parse(AcmeAnswer answer)
    {
        var fields = answer.Fields();
        var meta = fields.Object("meta");
        return new AcmeDirectory(
            fields.RequiredUrl("newNonce"),
            fields.RequiredUrl("newAccount"),
            fields.RequiredUrl("newOrder"),
            fields.RequiredUrl("revokeCert"),
            fields.Url("keyChange"),
            fields.Url("renewalInfo"),
            meta?.Text("termsOfService"),
            meta?.Text("website"),
            meta?.Texts("caaIdentities") ?? [],
            meta?.Flag("externalAccountRequired") ?? false,
            meta?.Object("profiles")?.TextByName() ?? new Dictionary<string, string>());
    }
}
