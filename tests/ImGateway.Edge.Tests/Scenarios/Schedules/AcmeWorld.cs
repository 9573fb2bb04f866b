using ImGateway.Edge.Certificates.Issuance;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tests.Certificates.Issuance;

namespace ImGateway.Edge.Tests.Scenarios.Schedules;

/// <summary>Certificates from a CA whose clock is right. A machine whose clock is far from that cannot connect to it: TLS fails.</summary>
sealed class AcmeWorld : ScheduleWorld
{
    static readonly TimeSpan Reach = TimeSpan.FromHours(1);

    /// <summary>What clocks may differ by without one of them being wrong.</summary>
    static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(2);

    readonly ScheduleDeadline _asked = new("the question when to renew", TimeSpan.FromHours(12) + Tolerance);
    readonly ScheduleDeadline _tried = new("the next attempt at a renewal that is due", TimeSpan.FromDays(1.1) + Tolerance);
    readonly ScheduleDeadline _first = new("the second attempt at a first certificate", TimeSpan.FromMinutes(1.1) + Tolerance);
    readonly ScheduleDeadline _renewed = new("a renewal that the CA would grant", TimeSpan.FromDays(1.1) + Tolerance);
    readonly SimulatedCa _ca;
    string? _serial;
    bool _isDown;
    int _seenQuestions, _seenAttempts;

    public AcmeWorld(int seed)
        : base(seed)
    {
        _ca = new SimulatedCa(() => Clock.TrueNow) { Lifetime = TimeSpan.FromDays(Random.Next(2) == 0 ? 90 : 7), HasRenewalInfo = Random.Next(2) == 0 };
        _isDown = Random.Next(3) == 0;
    }

    public override IEnumerable<ScheduleDeadline> Deadlines => [.. base.Deadlines, _asked, _tried, _first, _renewed];

    protected override EdgeOptions Options => new()
    {
        Hosts = [Host],
        DataDirectory = Folder,
        Certificates = new() { Source = CertificateSource.Acme, MaxAge = TimeSpan.FromDays(400) },
        Acme = new() { AcceptTermsOfService = true },
    };

    protected override bool IsAlertDue => Served is { } served && Clock.GetUtcNow() > served.NotAfter;

    bool IsReachable => !_isDown && Clock.Error.Duration() <= Reach;

    public override Task DisturbAsync()
    {
        _isDown = Random.Next(2) == 0;
        return Task.CompletedTask;
    }

    protected override ICertificateAuthority Authority => _ca;

    public override void Dispose()
    {
        base.Dispose();
        _ca.Dispose();
    }

    protected override Task WorkAsync()
    {
        _ca.IsUp = IsReachable;
        return base.WorkAsync();
    }

    protected override void Check(DateTimeOffset now, TimeSpan gap)
    {
        var (wall, served) = (Clock.GetUtcNow(), Served);

        // 1. The CA is asked when to renew, until the certificate is so old that the answer does not matter.
        if (_ca.RenewalInfoRequests != _seenQuestions) _asked.Done(now);
        _seenQuestions = _ca.RenewalInfoRequests;
        _asked.Check(served is not null && wall < served.NotAfter - _ca.Lifetime / 20, now, gap);

        // 2. What is due by any clock is tried, however often it has failed; the first retry comes after a minute.
        var tried = _ca.Attempts != _seenAttempts;
        if (tried) _tried.Done(now);
        _tried.Check(served is null || wall > served.NotAfter - _ca.Lifetime / 20, now, gap);
        if (tried) _first.Done(now);
        _seenAttempts = _ca.Attempts;
        _first.Check(served is null && _ca.UnreachableSinceOrder == 1, now, gap);

        // 3. A certificate that the CA would issue is served.
        if (served?.SerialNumber != _serial) _renewed.Done(now);
        _serial = served?.SerialNumber;
        var isDue = served is null || now > served.NotAfter - _ca.Lifetime * (1 / 3.0 - 0.011);
        _renewed.Check(isDue && IsReachable, now, gap);
    }
}
