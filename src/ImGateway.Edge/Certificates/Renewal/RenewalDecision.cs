
namespace ImGateway.Edge.Certificates.Renewal;

/// <summary>What to do about a certificate now.</summary>
abstract record RenewalDecision
{
    RenewalDecision()
    {
    }

    /// <summary>Do nothing yet.</summary>
    /// <param name="Until">The earliest time at which the decision can change.</param>
    /// <param name="Why">The reason of the coming renewal, or <c>retry</c>.</param>
    public sealed record Wait(DateTimeOffset Until, string Why) : RenewalDecision;

    /// <summary>Fetch the CA's suggested renewal window (RFC 9773 §4.1), then decide again.</summary>
    public sealed record AskRenewalInfo : RenewalDecision;

    /// <param name="Reason">One of <see cref="RenewalReasons"/>.</param>
    public sealed record Renew(string Reason) : RenewalDecision;
}
