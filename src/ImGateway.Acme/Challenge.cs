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

/// <summary>One way to prove control over an identifier (RFC 8555 §8).</summary>
/// <param name="Type"><c>http-01</c>, <c>dns-01</c>, <c>tls-alpn-01</c>, or one that this library does not know.</param>
/// <param name="Url">Where it is accepted.</param>
/// <param name="Status">Where it stands.</param>
/// <param name="Token">
/// Only characters of base64url and at most 256 of them, so it may go into paths and arguments. Null where the type has none, or what came
/// was something else: such a challenge cannot be answered.
/// </param>
/// <param name="Error">Why it failed.</param>
/// <param name="Validated">When it succeeded.</param>
public sealed record Challenge(string Type, Uri Url, ChallengeStatus Status, string? Token, AcmeProblem? Error, DateTimeOffset? Validated)
{
    /// <summary>Of <c>dns-persist-01</c>: the names by which the record may speak of the CA.</summary>
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
