using ImGateway.Edge.Certificates.Issuance;
using ImGateway.Edge.Certificates.Renewal;

namespace ImGateway.Edge.Tests.Certificates.Issuance;

public sealed class RenewalPolicyTests
{
    static readonly DateTimeOffset Begin = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public enum Ari
    {
        None,
        Ahead,
        Past,
        Broken,
    }

    public static TheoryData<double, Ari, int, double, double, string> Table
    {
        get
        {
            var table = new TheoryData<double, Ari, int, double, double, string>();
            foreach (var life in new[] { 6.0, 45, 64, 90 })
            {
                var byAge = life * (life < 10 ? 0.5 : 0.65);
                foreach (var failures in new[] { 0, 1, 4 })
                {
                    foreach (var maxAge in new[] { 365.0, life / 4 })
                    {
                        var early = maxAge < byAge;
                        table.Add(life, Ari.None, failures, maxAge, early ? maxAge : byAge, early ? "max_age" : "age");
                        table.Add(life, Ari.Broken, failures, maxAge, early ? maxAge : byAge, early ? "max_age" : "age");
                        table.Add(life, Ari.Ahead, failures, maxAge, early ? maxAge : life * 0.7, early ? "max_age" : "ari");
                        table.Add(life, Ari.Past, failures, maxAge, life / 10, "ari");
                    }
                }
            }

            return table;
        }
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(69.9, false)]
    [InlineData(70.1, true)]
    [InlineData(101, true)]
    public void A_renewal_is_late_once_a_third_of_its_time_is_over(double days, bool expected)
    {
        var validity = new Validity(Begin, Begin.AddDays(100));
        var policy = RenewalPolicy.Due(validity, RenewalState.For("a"), new RenewalSettings(TimeSpan.FromDays(365), RenewAt: 0.45));

        Assert.Equal(Begin.AddDays(55), policy.At);
        Assert.Equal(expected, policy.IsLate(validity, Begin.AddDays(days)));
    }

    [Fact]
    public void The_replacement_of_a_revoked_certificate_is_late_at_once()
    {
        var validity = new Validity(Begin, Begin.AddDays(100));

        Assert.True(RenewalPolicy.Due(validity, RenewalState.For("a") with { Revoked = true }, new RenewalSettings(TimeSpan.FromDays(365))).IsLate(validity, Begin));
    }

    [Theory]
    [MemberData(nameof(Table))]
    public void Due_follows_the_CA_then_age_and_MaxAge_before_either(double life, Ari ari, int failures, double maxAge, double expected, string reason)
    {
        var validity = Life(life);
        var at = Begin.AddDays(expected);
        var state = State(ari, life) with { Failures = failures };
        var settings = new RenewalSettings(TimeSpan.FromDays(maxAge), AsksCa: true);
        var due = RenewalPolicy.Due(validity, state, settings);
        Assert.Equal((at.ToUnixTimeSeconds(), reason), (due.At.ToUnixTimeSeconds(), due.Reason));

        // Just before, nothing; just after, a renewal; a failure puts it off and changes no more than that.
        Assert.IsType<RenewalDecision.Wait>(RenewalPolicy.Next(validity, state, settings, at.AddMinutes(-1)));
        Assert.Equal(new RenewalDecision.Renew(reason), RenewalPolicy.Next(validity, state, settings, at.AddMinutes(1)));
        if (failures == 0) return;
        var failed = state with { NextAttempt = at.AddMinutes(10) };
        Assert.Equal(new RenewalDecision.Wait(at.AddMinutes(10), "retry"), RenewalPolicy.Next(validity, failed, settings, at.AddMinutes(1)));
        Assert.Equal(new RenewalDecision.Renew(reason), RenewalPolicy.Next(validity, failed, settings, at.AddMinutes(11)));
    }

    [Fact]
    public void Host_without_certificate_gets_one_at_once_and_after_each_retry()
    {
        var settings = new RenewalSettings(TimeSpan.FromDays(90), AsksCa: true);
        Assert.Equal(new RenewalDecision.Renew("missing"), RenewalPolicy.Next(validity: null, RenewalState.For(null), settings, Begin));
        var failed = RenewalState.For(null) with { Failures = 1, NextAttempt = Begin.AddMinutes(1) };
        Assert.Equal(new RenewalDecision.Wait(Begin.AddMinutes(1), "retry"), RenewalPolicy.Next(validity: null, failed, settings, Begin));
    }

    [Fact]
    public void CA_is_asked_before_anything_is_decided_and_no_more_in_the_last_twentieth()
    {
        var settings = new RenewalSettings(TimeSpan.FromDays(365), AsksCa: true);
        var unasked = RenewalState.For("x");
        Assert.IsType<RenewalDecision.AskRenewalInfo>(RenewalPolicy.Next(Life(90), unasked, settings, Begin));
        Assert.IsType<RenewalDecision.AskRenewalInfo>(RenewalPolicy.Next(Life(90), unasked, settings, Begin.AddDays(80)));
        Assert.Equal(new RenewalDecision.Renew("age"), RenewalPolicy.Next(Life(90), unasked, settings, Begin.AddDays(86)));
        Assert.Equal(new RenewalDecision.Renew("age"), RenewalPolicy.Next(Life(90), unasked, settings with { AsksCa = false }, Begin.AddDays(60)));
    }

    [Fact]
    public void Window_after_the_emergency_point_does_not_cost_the_certificate()
    {
        var settings = new RenewalSettings(TimeSpan.FromDays(365), AsksCa: true);
        var late = State(Ari.Ahead, 90) with { ChosenInstant = Begin.AddDays(88) };
        Assert.Equal(new RenewalPolicy(Begin.AddDays(85.5), "age"), RenewalPolicy.Due(Life(90), late, settings));
        // Outside of the certificate's life it is no wish about that certificate.
        var outside = late with { ChosenInstant = Begin.AddDays(100) };
        Assert.Equal(new RenewalPolicy(Begin.AddDays(58.5), "age"), RenewalPolicy.Due(Life(90), outside, settings));
    }

    [Fact]
    public void RenewAt_overrides_the_CA_and_the_fractions()
    {
        var settings = RenewalSettings.Of(new()
        {
            Certificates = new() { Source = Edge.Configuration.CertificateSource.Acme },
            Acme = new() { RenewAt = 0.8 },
        });
        Assert.Equal(new RenewalPolicy(Begin.AddDays(18), "age"), RenewalPolicy.Due(Life(90), State(Ari.Past, 90), settings));
        Assert.IsType<RenewalDecision.Wait>(RenewalPolicy.Next(Life(90), RenewalState.For("x"), settings, Begin));
    }

    [Fact]
    public void Revoked_certificate_is_replaced_now()
    {
        var revoked = State(Ari.Ahead, 90) with { Revoked = true };
        Assert.Equal(
            new RenewalDecision.Renew("revoked"),
            RenewalPolicy.Next(Life(90), revoked, new RenewalSettings(TimeSpan.FromDays(90), AsksCa: true), Begin.AddDays(1)));
    }

    [Fact]
    public void Instant_is_chosen_once_for_each_window()
    {
        var window = new RenewalWindow(Begin.AddDays(10), Begin.AddDays(12), Explanation: null, TimeSpan.FromHours(6));
        var first = window.ApplyTo(RenewalState.For("x"), 0.5, Begin);
        Assert.Equal((Begin.AddDays(11), Begin.AddHours(5.7)), (first.ChosenInstant!.Value, first.NextCheck!.Value));
        Assert.Equal(Begin.AddDays(11), window.ApplyTo(first, 0.1, Begin.AddHours(6)).ChosenInstant);
        var moved = (window with { Start = Begin.AddDays(2), End = Begin.AddDays(4), RetryAfter = TimeSpan.FromDays(1) }).ApplyTo(first, 0, Begin);
        Assert.Equal((Begin.AddDays(2), Begin.AddHours(12)), (moved.ChosenInstant!.Value, moved.NextCheck!.Value));
        Assert.Equal(Begin.AddDays(11), RenewalWindow.Unanswered(first, 0, Begin).ChosenInstant);
        Assert.Null(RenewalWindow.NotOffered(first, Begin).ChosenInstant);
    }

    [Theory]
    [InlineData(1, 90, 0.5, 1)]
    [InlineData(2, 90, 0.5, 10)]
    [InlineData(3, 90, 0.5, 100)]
    [InlineData(4, 90, 0.5, 1440)]
    [InlineData(9, 90, 0.0, 1296)]
    [InlineData(9, 3, 0.5, 540)]
    [InlineData(9, 0, 0.5, 360)]
    public void Retries_are_a_minute_ten_a_hundred_then_daily_and_several_in_what_is_left(int failures, double daysLeft, double chance, double minutes)
    {
        DateTimeOffset? end = daysLeft > 0 ? Begin.AddDays(daysLeft) : null;
        Assert.Equal(Begin.AddMinutes(minutes), RetrySchedule.Next(failures, end, retryAfter: null, chance, Begin), TimeSpan.FromSeconds(1));
        Assert.True(RetrySchedule.Next(failures, end, TimeSpan.FromDays(2), chance, Begin) >= Begin.AddDays(2));
    }

    static Validity Life(double days) => new(Begin, Begin.AddDays(days));

    static RenewalState State(Ari ari, double life) => RenewalState.For("x") with
    {
        NextCheck = Begin.AddDays(1000),
        ChosenInstant = ari switch { Ari.Ahead => Begin.AddDays(life * 0.7), Ari.Past => Begin.AddDays(life / 10), _ => null },
    };
}
