using ImGateway.Acme.Protocol;

namespace ImGateway.Acme;

public enum ChallengeStatus
{
    /// <summary>The CA sent a status that this library does not know.</summary>
    Unknown,
    Pending,
    Processing,
    Valid,
    Invalid,
}

/// <summary>A challenge of an authorization (RFC 8555 §8).</summary>
/// <param name="Type"><c>http-01</c>, <c>dns-01</c>, <c>tls-alpn-01</c>, or one that this library does not know.</param>
/// <param name="Url">The challenge's URL.</param>
/// <param name="Status">The challenge's state.</param>
/// <param name="Token">
/// At most 256 base64url characters, so the token is safe in paths and arguments. Null if the type has no token, or the CA sent
/// an invalid one: the challenge cannot be completed.
/// </param>
/// <param name="Error">Why the challenge failed.</param>
/// <param name="Validated">When the challenge succeeded.</param>
public sealed record Challenge(string Type, Uri Url, ChallengeStatus Status, string? Token, AcmeProblem? Error, DateTimeOffset? Validated)
{
    /// <summary>For <c>dns-persist-01</c>: the issuer domain names that the record may contain.</summary>
    public IReadOnlyList<string> IssuerDomainNames { get; init; } = [];

    internal static Challenge Parse(JsonFields fields) => new(
        fields.RequiredText("type"),
        fields.RequiredUrl("url"),
        fields.Status<ChallengeStatus>(),
        fields.Text("token") is { } token && AcmeToken.IsUsable(token) ? token : null,
        fields.Object("error") is { } error ? AcmeProblem.Parse(error) : null,
        fields.Date("validated"))
    {
        IssuerDomainNames = [.. fields.Texts("issuer-domain-names").Where(name => Uri.CheckHostName(name) == UriHostNameType.Dns)],
    };
}
