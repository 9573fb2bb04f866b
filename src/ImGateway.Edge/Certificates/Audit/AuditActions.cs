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

    /// <summary>A certificate file is not put to use; the detail says why.</summary>
    public const string FileRefused = "fileRefused";

    /// <summary>A file that was refused is in order again.</summary>
    public const string FileMended = "fileMended";
    public const string AccountRegistered = "accountRegistered";

    /// <summary>The CA had lost the account, or closed it.</summary>
    public const string AccountReplaced = "accountReplaced";

    /// <summary>It has the contact that is configured now.</summary>
    public const string AccountUpdated = "accountUpdated";

    /// <summary>The CA did not take the contact that is configured now; it is sent again with the next order.</summary>
    public const string AccountUpdateFailed = "accountUpdateFailed";
}
