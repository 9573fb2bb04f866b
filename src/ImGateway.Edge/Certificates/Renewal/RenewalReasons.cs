namespace ImGateway.Edge.Certificates.Renewal;

/// <summary>Reasons for renewing or replacing a certificate, as spelled in metrics and audit log.</summary>
static class RenewalReasons
{
    public const string Missing = "missing";
    public const string Ari = "ari";
    public const string Age = "age";
    public const string MaxAge = "max_age";
    public const string Revoked = "revoked";
    public const string Manual = "manual";

    /// <summary>A file has changed.</summary>
    public const string File = "file";

    public static IReadOnlyList<string> All { get; } = [Missing, Ari, Age, MaxAge, Revoked, Manual, File];
}
