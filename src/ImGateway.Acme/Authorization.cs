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

/// <summary>The CA's view of an account's control over one identifier (RFC 8555 §7.1.4).</summary>
/// <param name="Location">Its URL.</param>
/// <param name="Identifier">Without <c>*.</c>.</param>
/// <param name="Wildcard">It is for <c>*.</c> and the identifier.</param>
/// <param name="Status">Where it stands.</param>
/// <param name="Expires">When the CA forgets it.</param>
/// <param name="Challenges">Ways to prove control: one is enough.</param>
/// <param name="RetryAfter">When to look again, where the CA says; clamped.</param>
public sealed record Authorization(
    Uri Location,
    AcmeIdentifier Identifier,
    bool Wildcard,
    AuthorizationStatus Status,
    DateTimeOffset? Expires,
    IReadOnlyList<Challenge> Challenges,
    TimeSpan? RetryAfter)
{
    internal static Authorization Parse(AcmeAnswer answer, Uri location)
    {
        var fields = answer.Fields();
        return new Authorization(
            location,
            AcmeIdentifier.Parse(fields.RequiredObject("identifier")),
            fields.Flag("wildcard"),
            fields.Status<AuthorizationStatus>(),
            fields.Date("expires"),
            [.. fields.Objects("challenges").Select(Challenge.Parse)],
            answer.RetryAfter);
    }
}
