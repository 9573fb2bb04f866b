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

/// <summary>What an account is registered with.</summary>
public sealed record AccountRequest
{
    /// <summary>URLs such as <c>mailto:admin@example.com</c>; what has no scheme is taken for a mail address. May be empty.</summary>
    public IReadOnlyList<string> Contacts { get; init; } = [];

    /// <summary>The operator has agreed to <see cref="AcmeDirectory.TermsOfService"/>. Most CAs refuse registration otherwise.</summary>
    public bool TermsOfServiceAgreed { get; init; }

    /// <summary>For CAs whose accounts belong to accounts elsewhere (RFC 8555 §7.3.4).</summary>
    public ExternalAccount? ExternalAccount { get; init; }
}

/// <summary>A CA customer's account outside ACME.</summary>
/// <param name="KeyId">As the CA gave it.</param>
/// <param name="HmacKey">As the CA gave it, decoded from base64url.</param>
public sealed record ExternalAccount(string KeyId, byte[] HmacKey)
{
    /// <summary>Without the key.</summary>
    public override string ToString() => $"{nameof(ExternalAccount)} {{ {nameof(KeyId)} = {KeyId} }}";
}

/// <summary>What the CA knows of an account (RFC 8555 §7.1.2).</summary>
/// <param name="Location">The account's URL, its name in every request.</param>
/// <param name="Status">Only <see cref="AccountStatus.Valid"/> accounts may order.</param>
/// <param name="Contacts">As the CA keeps them; some CAs no longer keep or show any.</param>
/// <param name="Orders">Where its orders are listed; few CAs do.</param>
public sealed record AccountInfo(Uri Location, AccountStatus Status, IReadOnlyList<string> Contacts, Uri? Orders)
{
    internal static AccountInfo Parse(AcmeAnswer answer, Uri location)
    {
        var fields = answer.Fields();
        return new AccountInfo(location, fields.Status<AccountStatus>(), fields.Texts("contact"), fields.Url("orders"));
    }
}
