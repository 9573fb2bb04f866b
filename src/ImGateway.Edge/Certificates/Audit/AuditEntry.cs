namespace ImGateway.Edge.Certificates.Audit;

/// <summary>One change of a certificate or an account.</summary>
/// <param name="Action"><see cref="AuditActions"/>.</param>
/// <param name="Host">The host; null for accounts.</param>
/// <param name="Why"><c>missing</c>, <c>ari</c>, <c>age</c>, <c>max_age</c>, <c>revoked</c>, <c>manual</c>, <c>file</c> or <c>rollback</c>; for a replaced account <c>lost</c> or <c>deactivated</c>.</param>
/// <param name="Who"><c>loop</c>, the verb's user, or the file.</param>
/// <param name="SpkiSha256">The pin of the new key (RFC 7469 §2.4).</param>
/// <param name="Issuer">The issuer of the new certificate.</param>
/// <param name="ChainLength">The number of certificates that a handshake sends.</param>
/// <param name="Profile">The profile requested from the CA.</param>
/// <param name="Detail">Other information, such as the reason of a failure.</param>
public sealed record AuditEntry(
    DateTimeOffset Time,
    string Action,
    string? Host,
    string Why,
    string Who,
    string? OldSerial = null,
    string? NewSerial = null,
    string? SpkiSha256 = null,
    string? Issuer = null,
    int? ChainLength = null,
    string? Profile = null,
    string? Detail = null);

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
