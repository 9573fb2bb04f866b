namespace ImGateway.Acme;

/// <summary>The reason codes of RFC 5280 §5.3.1 that CAs accept from subscribers.</summary>
public enum RevocationReason
{
    Unspecified = 0,
    KeyCompromise = 1,
    AffiliationChanged = 3,
    Superseded = 4,
    CessationOfOperation = 5,
}
