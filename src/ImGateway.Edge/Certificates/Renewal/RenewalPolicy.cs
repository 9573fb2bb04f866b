namespace ImGateway.Edge.Certificates.Renewal;

/// <summary>When a certificate is renewed, and why. Pure: the clock and all that was ever asked or tried are handed in.</summary>
/// <param name="At">May have passed.</param>
/// <param name="Reason">One of <see cref="RenewalReasons"/>.</param>
sealed record RenewalPolicy(DateTimeOffset At, string Reason)
{
    /// <summary>Of life left, where the CA does not say: a little before its own window, which Let's Encrypt centres on a third.</summary>
    const double LifeLeft = 0.35;

    /// <summary>Short lives leave little time for retries.</summary>
    const double ShortLifeLeft = 0.5;

    static readonly TimeSpan ShortLife = TimeSpan.FromDays(10);

    /// <summary>Of life left, past which no CA's wish counts: an outage of its renewal information must not cost a certificate.</summary>
    const double EmergencyLeft = 1 / 20.0;

    /// <summary>What is revoked is replaced now, also where the clock is behind the certificate's beginning.</summary>
    public bool IsDue(DateTimeOffset now) => now >= At || Reason == RenewalReasons.Revoked;

    /// <summary>
    /// Whether a third of the time between this and the certificate's end has gone, without success: what is merely configured, such as a profile, then
    /// counts for less than a certificate. What is revoked has no time left.
    /// </summary>
    public bool IsLate(Validity validity, DateTimeOffset now) => Reason == RenewalReasons.Revoked || now >= At + (validity.NotAfter - At) / 3;

    /// <summary>What is to be done at <paramref name="now"/>.</summary>
    /// <param name="validity">Of the certificate served; null where there is none.</param>
    public static RenewalDecision Next(Validity? validity, RenewalState state, RenewalSettings settings, DateTimeOffset now)
    {
        // 1. When and why, as far as is known.
        var due = validity is { } facts ? Due(facts, state, settings) : new RenewalPolicy(now, RenewalReasons.Missing);

        // 2. What the CA wishes, unless nothing that it could say would change the outcome.
        var asks = validity is { } life && settings.AsksCa && !state.Revoked && now < life.Left(EmergencyLeft) && now < life.NotBefore + settings.MaxAge;
        if (asks && now >= (state.NextCheck ?? DateTimeOffset.MinValue)) return new RenewalDecision.AskRenewalInfo();

        // 3. After a failure, its turn.
        var at = due.At;
        if (state.NextAttempt is { } retry && retry > now && retry > at) return Wait(retry, "retry");

        // 4. Now, or when it is due.
        return due.IsDue(now) ? new RenewalDecision.Renew(due.Reason) : Wait(at, due.Reason);

        RenewalDecision Wait(DateTimeOffset until, string why) =>
            asks && state.NextCheck is { } check && check < until ? new RenewalDecision.Wait(check, why) : new RenewalDecision.Wait(until, why);
    }

    /// <summary>When a certificate is renewed if nothing goes wrong.</summary>
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
        // After the certificate's end there is nothing left to renew: such a wish is void.
        if (!settings.AsksCa || state.ChosenInstant is not { } chosen || chosen > validity.NotAfter)
            return new(validity.Left(validity.Life < ShortLife ? ShortLifeLeft : LifeLeft), RenewalReasons.Age);
        var emergency = validity.Left(EmergencyLeft);
        return chosen < emergency ? new(chosen, RenewalReasons.Ari) : new(emergency, RenewalReasons.Age);
    }
}
