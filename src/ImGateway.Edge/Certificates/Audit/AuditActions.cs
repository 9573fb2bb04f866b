namespace ImGateway.Edge.Certificates.Audit;

/// <summary>The values of <see cref="AuditEntry.Action"/>.</summary>
public static class AuditActions
{
    /// <summary>Installed from a file or by an operator.</summary>
    public const string Installed = "installed";

    /// <summary>Issued by a CA or the development CA.</summary>
    public const string Renewed = "renewed";
    public const string RolledBack = "rolledBack";
    public const string Revoked = "revoked";
    public const string RenewalFailed = "renewalFailed";

    /// <summary>A certificate file was refused; the detail has the reason.</summary>
    public const string FileRefused = "fileRefused";

    /// <summary>A refused file can be used again.</summary>
    public const string FileMended = "fileMended";
    public const string AccountRegistered = "accountRegistered";

    /// <summary>A new account replaces one that the CA no longer knows or has deactivated.</summary>
    public const string AccountReplaced = "accountReplaced";

    /// <summary>The account has the configured contact now.</summary>
    public const string AccountUpdated = "accountUpdated";

    /// <summary>The CA rejected the configured contact; it is sent again with the next order.</summary>
    public const string AccountUpdateFailed = "accountUpdateFailed";
}
