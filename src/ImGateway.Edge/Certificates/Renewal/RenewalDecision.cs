
namespace ImGateway.Edge.Certificates.Renewal;

/// <summary>What is to be done about a certificate now.</summary>
abstract record RenewalDecision
{
    RenewalDecision()
    {
    }

    /// <summary>Nothing.</summary>
    /// <param name="Until">The next moment at which the answer may be another one.</param>
    /// <param name="Why">What it waits for: the reason of the renewal to come, or <c>retry</c>.</param>
    public sealed record Wait(DateTimeOffset Until, string Why) : RenewalDecision;

    /// <summary>Ask the CA when it would like the certificate to be renewed (RFC 9773 §4.1), then decide again.</summary>
    public sealed record AskRenewalInfo : RenewalDecision;

    /// <param name="Reason">One of <see cref="RenewalReasons"/>.</param>
    public sealed record Renew(string Reason) : RenewalDecision;
}
