using System.Security.Cryptography.X509Certificates;
using ImGateway.Edge.Certificates.Issuance;
using ImGateway.Edge.Certificates.Renewal;
using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Configuration;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Schedules;

/// <summary>Certificates from a CA, whose clock is right. As in life it cannot be spoken to by a machine whose clock is far from that.</summary>
sealed class AcmeWorld : ScheduleWorld
{
    static readonly TimeSpan Reach = TimeSpan.FromHours(1);

    /// <summary>What clocks may differ by without one of them being wrong.</summary>
    static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(2);

    readonly Duty _asked = new("the question when to renew", TimeSpan.FromHours(12) + Tolerance);
    readonly Duty _tried = new("the next attempt at a renewal that is due", TimeSpan.FromDays(1.1) + Tolerance);
    readonly Duty _first = new("the second attempt at a first certificate", TimeSpan.FromMinutes(1.1) + Tolerance);
    readonly Duty _renewed = new("a renewal that the CA would grant", TimeSpan.FromDays(1.1) + Tolerance);
    readonly TimeSpan _life;
    readonly bool _suggests;
    string? _serial;
    bool _isDown;
    int _questions, _attempts, _seenQuestions, _seenAttempts, _failures;

    public AcmeWorld(int seed)
        : base(seed)
    {
        _life = TimeSpan.FromDays(Chance.Next(2) == 0 ? 90 : 7);
        _suggests = Chance.Next(2) == 0;
        _isDown = Chance.Next(3) == 0;
    }

    public override IEnumerable<Duty> Duties => [.. base.Duties, _asked, _tried, _first, _renewed];

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
        _isDown = Chance.Next(2) == 0;
        return Task.CompletedTask;
    }

    protected override CertificateAuthority Authority => new(IssueAsync, AskAsync, (_, _, _) => Task.CompletedTask);

    protected override void Check(DateTimeOffset now, TimeSpan gap)
    {
        var (wall, served) = (Clock.GetUtcNow(), Served);

        // 1. It is asked when to renew, until the certificate is so old that no answer would count.
        if (_questions != _seenQuestions) _asked.Done(now);
        _seenQuestions = _questions;
        _asked.Check(served is not null && wall < served.NotAfter - _life / 20, now, gap);

        // 2. What is due by any clock is tried, however often it has failed; the first retry comes after a minute.
        var tried = _attempts != _seenAttempts;
        if (tried) _tried.Done(now);
        _tried.Check(served is null || wall > served.NotAfter - _life / 20, now, gap);
        if (tried) _first.Done(now);
        _seenAttempts = _attempts;
        _first.Check(served is null && _failures == 1, now, gap);

        // 3. And what the CA grants is served.
        if (served?.SerialNumber != _serial) _renewed.Done(now);
        _serial = served?.SerialNumber;
        var isDue = served is null || now > served.NotAfter - _life * (1 / 3.0 - 0.011);
        _renewed.Check(isDue && IsReachable, now, gap);
    }

    async Task<ServedCredential> IssueAsync(IssueRequest request, IProgress<string> progress, CancellationToken cancellationToken)
    {
        _attempts++;
        if (!IsReachable)
        {
            _failures++;
            throw new IssuanceException("ca.test: no");
        }

        await request.BeginOrder(_suggests && request.Current is not null);
        _failures = 0;
        var begin = Clock.TrueNow - Reach;
        var issued = Issue(new PkiLeaf { Hosts = [Host.Value], NotBefore = begin, NotAfter = begin + _life });
        return new ServedCredential(issued.ToCredential(Host.Value), ServedCredential.Acme, "https://ca.test/directory");
    }

    Task<RenewalWindow?> AskAsync(X509Certificate2 certificate, CancellationToken cancellationToken)
    {
        _questions++;
        if (!IsReachable) throw new HttpRequestException("ca.test: no");
        if (!_suggests) return Task.FromResult<RenewalWindow?>(null);
        var notAfter = new DateTimeOffset(certificate.NotAfter.ToUniversalTime());
        return Task.FromResult<RenewalWindow?>(new(notAfter - _life / 3 - _life / 100, notAfter - _life / 3 + _life / 100, null, TimeSpan.FromHours(6)));
    }
}
