namespace ImGateway.Acme;

/// <summary>RFC 5280 §5.3.1, of which CAs accept these from subscribers.</summary>
public enum RevocationReason
{
    Unspecified = 0,
    KeyCompromise = 1,
    AffiliationChanged = 3,
    Superseded = 4,
    CessationOfOperation = 5,
}
