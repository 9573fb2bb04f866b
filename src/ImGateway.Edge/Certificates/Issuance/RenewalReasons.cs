namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>Why a certificate is renewed, as the metric and the audit log say it.</summary>
static class RenewalReasons
{
    public const string Missing = "missing";
    public const string Ari = "ari";
    public const string Age = "age";
    public const string MaxAge = "max_age";
    public const string Revoked = "revoked";
    public const string Manual = "manual";
}
