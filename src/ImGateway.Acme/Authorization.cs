using ImGateway.Acme.Protocol;

namespace ImGateway.Acme;

public enum AuthorizationStatus
{
    /// <summary>The CA sent a status that this library does not know.</summary>
    Unknown,
    Pending,
    Valid,
    Invalid,
    Deactivated,
    Expired,
    Revoked,
}

/// <summary>An account's authorization for one identifier, as the CA describes it (RFC 8555 §7.1.4).</summary>
/// <param name="Location">The authorization's URL.</param>
/// <param name="Identifier">The identifier, without <c>*.</c>.</param>
/// <param name="Wildcard">Whether the authorization is for the wildcard name <c>*.</c> + identifier.</param>
/// <param name="Status">The authorization's state.</param>
/// <param name="Expires">When the authorization expires.</param>
/// <param name="Challenges">The challenges on offer; completing one is enough.</param>
/// <param name="RetryAfter">How long to wait before the next poll, if the CA says so; clamped.</param>
public sealed record Authorization(
    Uri Location,
    AcmeIdentifier Identifier,
    bool Wildcard,
    AuthorizationStatus Status,
    DateTimeOffset? Expires,
    IReadOnlyList<Challenge> Challenges,
    TimeSpan? RetryAfter)
{
    internal static Authorization Parse(AcmeResponse response, Uri location)
    {
        var fields = response.Fields();
        return new Authorization(
            location,
            AcmeIdentifier.Parse(fields.RequiredObject("identifier")),
            fields.Flag("wildcard"),
            fields.Status<AuthorizationStatus>(),
            fields.Date("expires"),
            [.. fields.Objects("challenges").Select(Challenge.Parse)],
            response.RetryAfter);
    }
}
