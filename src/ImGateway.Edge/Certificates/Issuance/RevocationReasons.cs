using ImGateway.Acme;

namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>Revocation reasons in the spelling of RFC 5280 §5.3.1, limited to those that CAs accept from subscribers (RFC 8555 §7.6).</summary>
static class RevocationReasons
{
    static readonly Dictionary<string, RevocationReason> All = new(StringComparer.OrdinalIgnoreCase)
    {
        ["unspecified"] = RevocationReason.Unspecified,
        ["keyCompromise"] = RevocationReason.KeyCompromise,
        ["affiliationChanged"] = RevocationReason.AffiliationChanged,
        ["superseded"] = RevocationReason.Superseded,
        ["cessationOfOperation"] = RevocationReason.CessationOfOperation,
    };

    public static IEnumerable<string> Names => All.Keys;

    public static string NameOf(RevocationReason reason) => All.First(entry => entry.Value == reason).Key;

    public static bool TryParse(string? text, out RevocationReason reason)
    {
        reason = default;
        return text is not null && All.TryGetValue(text, out reason);
    }
}
