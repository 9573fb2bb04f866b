namespace ImGateway.Edge.Certificates.Audit;

/// <summary>What <see cref="AuditEntry.Action"/> may be.</summary>
public static class AuditActions
{
    /// <summary>From a file or by hand.</summary>
    public const string Installed = "installed";

    /// <summary>By a CA, the development CA included.</summary>
    public const string Renewed = "renewed";
    public const string RolledBack = "rolledBack";
    public const string Revoked = "revoked";
    public const string RenewalFailed = "renewalFailed";
    public const string AccountRegistered = "accountRegistered";

    /// <summary>The CA had lost the account, or closed it.</summary>
    public const string AccountReplaced = "accountReplaced";
}
