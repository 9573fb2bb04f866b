using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates.Renewal;

/// <summary>When a certificate is renewed, and why. Pure: clock and renewal state are arguments.</summary>
/// <param name="At">The time of the renewal; may be in the past.</param>
/// <param name="Reason">One of <see cref="RenewalReasons"/>.</param>
sealed record RenewalPolicy(DateTimeOffset At, string Reason)
{
    /// <summary>Fraction of the lifetime left if the CA suggests no window. Slightly before the window of Let's Encrypt, which is centred on a third.</summary>
    const double LifeLeft = 0.35;

    /// <summary>The same for short lifetimes, which leave little time for retries.</summary>
    const double ShortLifeLeft = 0.5;

    static readonly TimeSpan ShortLife = TimeSpan.FromDays(10);

    /// <summary>Fraction of the lifetime left at which a certificate is renewed whatever window the CA suggests: a faulty ARI service must not let it expire.</summary>
    const double EmergencyLeft = 1 / 20.0;

    /// <summary>A revoked certificate is always due, even if the local clock is before its <c>notBefore</c>.</summary>
    public bool IsDue(DateTimeOffset now) => now >= At || Reason == RenewalReasons.Revoked;

    /// <summary>
    /// Whether a third of the time from <see cref="At"/> to the certificate's expiry has passed without success. From then on, having a certificate is more
    /// important than, for example, having the configured profile. For a revoked certificate it always is.
    /// </summary>
    public bool IsLate(Validity validity, DateTimeOffset now) => Reason == RenewalReasons.Revoked || now >= At + (validity.NotAfter - At) / 3;

    /// <summary>Decides what to do at <paramref name="now"/>.</summary>
    /// <param name="validity">The validity of the served certificate; null if there is none.</param>
    public static RenewalDecision Next(Validity? validity, RenewalState state, RenewalSettings settings, DateTimeOffset now)
    {
        // 1. When and why, by what is known.
        var due = validity is { } facts ? Due(facts, state, settings) : new RenewalPolicy(now, RenewalReasons.Missing);

        // 2. The CA's suggested window, unless it could not change the outcome.
        var asks = validity is { } life && settings.AsksCa && !state.Revoked && now < life.Left(EmergencyLeft) && now < life.NotBefore + settings.MaxAge;
        if (asks && now >= (state.NextCheck ?? DateTimeOffset.MinValue)) return new RenewalDecision.AskRenewalInfo();

        // 3. After a failure, the time of the retry.
        var at = due.At;
        if (state.NextAttempt is { } retry && retry > now && retry > at) return Wait(retry, "retry");

        // 4. Renew now, or wait until it is due.
        return due.IsDue(now) ? new RenewalDecision.Renew(due.Reason) : Wait(at, due.Reason);

        RenewalDecision Wait(DateTimeOffset until, string why) =>
            asks && state.NextCheck is { } check && check < until ? new RenewalDecision.Wait(check, why) : new RenewalDecision.Wait(until, why);
    }

    /// <summary>When a certificate is due for renewal, without regard to failures.</summary>
    public static RenewalPolicy Due(Validity validity, RenewalState state, RenewalSettings settings)
    {
        if (state.Revoked) return new(validity.NotBefore, RenewalReasons.Revoked);
        var byMaxAge = new RenewalPolicy(validity.NotBefore + settings.MaxAge, RenewalReasons.MaxAge);
        var due = ByCaOrAge(validity, state, settings);
        return byMaxAge.At < due.At ? byMaxAge : due;
    }

    static RenewalPolicy ByCaOrAge(Validity validity, RenewalState state, RenewalSettings settings)
    {
        if (settings.RenewAt > 0) return new(validity.Left(settings.RenewAt), RenewalReasons.Age);
        // A suggested time after the certificate's expiry is ignored.
        if (!settings.AsksCa || state.ChosenInstant is not { } chosen || chosen > validity.NotAfter)
            return new(validity.Left(validity.Life < ShortLife ? ShortLifeLeft : LifeLeft), RenewalReasons.Age);
        var emergency = validity.Left(EmergencyLeft);
        return chosen < emergency ? new(chosen, RenewalReasons.Ari) : new(emergency, RenewalReasons.Age);
    }
}

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

/// <summary>The options about renewals.</summary>
/// <param name="MaxAge">The age at which a certificate is replaced, even if it is valid for longer.</param>
/// <param name="RenewAt">The fraction of the lifetime left at which to renew; 0: at the CA's suggested time, or else at the fractions of <see cref="RenewalPolicy"/>.</param>
/// <param name="AsksCa">Whether to fetch the CA's suggested window (RFC 9773); false for the development CA.</param>
sealed record RenewalSettings(TimeSpan MaxAge, double RenewAt = 0, bool AsksCa = false)
{
    public static RenewalSettings Of(EdgeOptions options) => options.Certificates.Source == CertificateSource.Acme
        ? new(options.Certificates.MaxAge, options.Acme.RenewAt, AsksCa: options.Acme.RenewAt <= 0)
        : new(options.Certificates.MaxAge);
}

/// <summary>The validity period of a certificate. The policy uses fractions of it, not days, because CAs issue ever shorter lifetimes.</summary>
sealed record Validity(DateTimeOffset NotBefore, DateTimeOffset NotAfter)
{
    public TimeSpan Life => NotAfter - NotBefore;

    /// <summary>Null if there is no certificate of a CA yet: a self-signed one is only temporary.</summary>
    public static Validity? Of(HostCertificate? served) => served is null or { Source: HostCertificate.SelfSigned }
        ? null
        : new(served.Credential.NotBefore, served.Credential.NotAfter);

    /// <summary>The time at which <paramref name="fraction"/> of the lifetime is left.</summary>
    public DateTimeOffset Left(double fraction) => NotAfter - Life * fraction;
}
