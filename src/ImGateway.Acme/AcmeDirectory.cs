using ImGateway.Acme.Protocol;

namespace ImGateway.Acme;

/// <summary>The resources of a CA and their URLs (RFC 8555 §7.1.1).</summary>
/// <param name="NewNonce">Where nonces come from.</param>
/// <param name="NewAccount">Where accounts are registered and found.</param>
/// <param name="NewOrder">Where orders are placed.</param>
/// <param name="RevokeCertificate">Where certificates are revoked.</param>
/// <param name="KeyChange">Null if the CA has no account key rollover.</param>
/// <param name="RenewalInfo">Null if the CA has no ARI (RFC 9773).</param>
/// <param name="TermsOfService">The page with the current terms of service.</param>
/// <param name="Website">The CA's web site.</param>
/// <param name="CaaIdentities">Names that CAA records use to authorize this CA (RFC 8659).</param>
/// <param name="ExternalAccountRequired">Registration needs an <see cref="ExternalAccount"/>.</param>
/// <param name="Profiles">Certificate profiles that an order may request: name and the CA's description.</param>
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
    internal static AcmeDirectory Parse(AcmeResponse response)
    {
        var fields = response.Fields();
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
