using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates;

/// <summary>When a certificate that the edge issues itself is next issued, and why. Pure.</summary>
/// <param name="Reason"><c>age</c> or <c>max_age</c>, as the metric says it.</param>
sealed record RenewalPolicy(DateTimeOffset At, string Reason)
{
    /// <summary>A fraction, because lifetimes shrink: fixed days would not outlive them.</summary>
    const double LifeLeft = 0.35;

    public static RenewalPolicy Next(Credential credential, TimeSpan maxAge)
    {
        var byAge = credential.NotAfter - (credential.NotAfter - credential.NotBefore) * LifeLeft;
        var byMaxAge = credential.NotBefore + maxAge;
        return byMaxAge < byAge ? new(byMaxAge, "max_age") : new(byAge, "age");
    }
}
