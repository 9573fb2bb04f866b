using ImGateway.Acme.Protocol;

namespace ImGateway.Acme;

public enum AccountStatus
{
    /// <summary>The CA sent a status that this library does not know.</summary>
    Unknown,
    Valid,
    Deactivated,
    Revoked,
}

/// <summary>The data of a new account.</summary>
public sealed record AccountRequest
{
    /// <summary>URLs such as <c>mailto:admin@example.com</c>; text without a scheme is taken as a mail address. May be empty.</summary>
    public IReadOnlyList<string> Contacts { get; init; } = [];

    /// <summary>The operator has agreed to <see cref="AcmeDirectory.TermsOfService"/>. Most CAs refuse registration otherwise.</summary>
    public bool TermsOfServiceAgreed { get; init; }

    /// <summary>External account binding, for CAs that require it (RFC 8555 §7.3.4).</summary>
    public ExternalAccount? ExternalAccount { get; init; }
}

/// <summary>An account at the CA outside ACME, to which the ACME account is bound (RFC 8555 §7.3.4).</summary>
/// <param name="KeyId">The key identifier from the CA.</param>
/// <param name="HmacKey">The HMAC key from the CA, decoded from base64url.</param>
public sealed record ExternalAccount(string KeyId, byte[] HmacKey)
{
    /// <summary>Without the key.</summary>
    public override string ToString() => $"{nameof(ExternalAccount)} {{ {nameof(KeyId)} = {KeyId} }}";
}

/// <summary>An account as the CA describes it (RFC 8555 §7.1.2).</summary>
/// <param name="Location">The account's URL, which every request carries as <c>kid</c>.</param>
/// <param name="Status">Only <see cref="AccountStatus.Valid"/> accounts may order.</param>
/// <param name="Contacts">The contacts that the CA stores; some CAs store or return none.</param>
/// <param name="Orders">The URL of the list of orders; few CAs have one.</param>
public sealed record AccountInfo(Uri Location, AccountStatus Status, IReadOnlyList<string> Contacts, Uri? Orders)
{
    internal static AccountInfo Parse(AcmeResponse response, Uri location)
    {
        var fields = response.Fields();
        return new AccountInfo(location, fields.Status<AccountStatus>(), fields.Texts("contact"), fields.Url("orders"));
    }
}
