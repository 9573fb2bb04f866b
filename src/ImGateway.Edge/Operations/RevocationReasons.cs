using ImGateway.Acme;

namespace ImGateway.Edge.Operations;

/// <summary>Why a certificate is revoked, as RFC 5280 §5.3.1 spells it; CAs take no other reasons from subscribers (RFC 8555 §7.6).</summary>
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

    public static bool TryParse(string? text, out RevocationReason reason)
    {
        reason = default;
        return text is not null && All.TryGetValue(text, out reason);
    }
}
