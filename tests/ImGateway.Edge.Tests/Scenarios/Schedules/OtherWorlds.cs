using ImGateway.Edge.Certificates.Files;
using ImGateway.Edge.Certificates.Stapling;
using ImGateway.Edge.Configuration;
using ImGateway.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace ImGateway.Edge.Tests.Scenarios.Schedules;

/// <summary>Certificates that the edge issues itself, by its own clock.</summary>
sealed class SelfSignedWorld(int seed) : ScheduleWorld(seed)
{
    readonly ScheduleDeadline _valid = new("a self-signed certificate that is valid", TimeSpan.FromMinutes(10));

    public override IEnumerable<ScheduleDeadline> Deadlines => [.. base.Deadlines, _valid];

    protected override EdgeOptions Options => new()
    {
        Hosts = [Host],
        DataDirectory = Folder,
        Certificates = new() { Source = CertificateSource.SelfSigned, AllowSelfSigned = true },
    };

    protected override bool IsAlertDue => false;

    public override Task DisturbAsync() => Task.CompletedTask;

    protected override void Check(DateTimeOffset now, TimeSpan gap)
    {
        var served = Served!;
        var isGood = served.NotBefore <= now + TimeSpan.FromMinutes(1) && now < served.NotBefore + (served.NotAfter - served.NotBefore) * 0.65;
        if (isGood) _valid.Done(now);
        _valid.Check(IsRight, now, gap);
    }
}

/// <summary>A certificate file that is replaced now and then, by one that is valid, not valid yet, or at first fails its test handshake.</summary>
sealed class FileWorld : ScheduleWorld
{
    readonly ScheduleDeadline _taken = new("a file that can be put to use", TimeSpan.FromMinutes(1));
    readonly CertificateFile _file;
    IssuedCertificate _wanted;
    bool _failsToProve;

    public FileWorld(int seed)
        : base(seed)
    {
        _wanted = New(isEarly: false);
        _file = _wanted.WriteTo(Folder);
    }

    public override IEnumerable<ScheduleDeadline> Deadlines => [.. base.Deadlines, _taken];

    protected override EdgeOptions Options => new()
    {
        Hosts = [Host],
        DataDirectory = Path.Combine(Folder, "data"),
        Certificates = new() { Source = CertificateSource.Files, Files = [_file] },
    };

    // All are older than MaxAge, by the worst of clocks.
    protected override bool IsAlertDue => Served!.NotBefore + TimeSpan.FromDays(90) < Clock.GetUtcNow();

    public override async Task DisturbAsync()
    {
        if (Random.Next(2) == 0)
        {
            _failsToProve = !_failsToProve;
            return;
        }

        _wanted.Dispose();
        _wanted = New(isEarly: Random.Next(2) == 0);
        _wanted.WriteTo(Folder);
        for (var second = 0; second < 3; second++)
        {
            Clock.Advance(FileWatcher.PollInterval);
            await RoundAsync();
        }
    }

    public override async Task RestartAsync()
    {
        // A first start needs a certificate that passes its test handshake.
        if (Services is null) _failsToProve = false;
        await base.RestartAsync();
    }

    public override void Dispose()
    {
        base.Dispose();
        _wanted.Dispose();
    }

    protected override string? Probe() => _failsToProve ? "shown another chain" : null;

    protected override void Check(DateTimeOffset now, TimeSpan gap)
    {
        var wall = Clock.GetUtcNow();
        if (Served!.SerialNumber == _wanted.SerialNumber) _taken.Done(now);
        var isEarly = new DateTimeOffset(_wanted.Leaf.NotBefore.ToUniversalTime()) > wall;
        _taken.Check(!_failsToProve && !isEarly, now, gap);
    }

    IssuedCertificate New(bool isEarly) => Issue(new PkiLeaf
    {
        Hosts = [Host.Value],
        NotBefore = isEarly ? Clock.TrueNow.AddHours(1 + Random.NextDouble() * 100) : Clock.TrueNow.AddYears(-4),
        NotAfter = Clock.TrueNow.AddYears(20),
    });
}

/// <summary>A certificate with a responder, whose clock is right, and which fails now and then.</summary>
sealed class StapleWorld : ScheduleWorld
{
    static readonly TimeSpan Life = TimeSpan.FromDays(7);

    readonly ScheduleDeadline _fetched = new("the next question to the responder", TimeSpan.FromDays(3.9));
    readonly ScheduleDeadline _stapled = new("a staple that the responder would give", TimeSpan.FromHours(1.1));
    readonly ScriptedResponder _responder;
    readonly IssuedCertificate _issued;
    readonly CertificateFile _file;
    readonly Dictionary<string, (DateTimeOffset End, long At)> _given = [];
    long _started;
    OcspStapler? _stapler;
    bool _isDown;
    int _requests, _seen;

    public StapleWorld(int seed, ScriptedResponder responder)
        : base(seed)
    {
        _responder = responder;
        _issued = Issue(new PkiLeaf { Hosts = [Host.Value], NotBefore = Clock.TrueNow.AddYears(-4), NotAfter = Clock.TrueNow.AddYears(20), OcspResponders = [responder.Url] });
        _file = _issued.WriteTo(Folder);
    }

    public override IEnumerable<ScheduleDeadline> Deadlines => [.. base.Deadlines, _fetched, _stapled];

    protected override EdgeOptions Options => new()
    {
        Hosts = [Host],
        DataDirectory = Path.Combine(Folder, "data"),
        Certificates = new() { Source = CertificateSource.Files, Files = [_file] },
    };

    protected override bool IsAlertDue => true;

    public override Task DisturbAsync()
    {
        _isDown = !_isDown;
        return Task.CompletedTask;
    }

    public override async Task RestartAsync()
    {
        _started = Clock.GetTimestamp();
        await base.RestartAsync();
        _stapler = Services!.GetRequiredService<OcspStapler>();
        await _stapler.FollowAsync(CancellationToken.None);
    }

    public override void Dispose()
    {
        base.Dispose();
        _issued.Dispose();
    }

    protected override async Task WorkAsync()
    {
        await base.WorkAsync();
        _responder.Answer(async context =>
        {
            _requests++;
            if (_isDown)
            {
                context.Response.StatusCode = 503;
                return;
            }

            var response = Ocsp(_issued, Clock.TrueNow, Life);
            _given[Convert.ToBase64String(response)] = (Clock.TrueNow + Life, Clock.GetTimestamp());
            await context.Response.Body.WriteAsync(response);
        });
        await _stapler!.RoundAsync(CancellationToken.None);
        await _stapler.FetchesAsync();
        await _stapler.RoundAsync(CancellationToken.None);
    }

    protected override void Check(DateTimeOffset now, TimeSpan gap)
    {
        if (_requests != _seen) _fetched.Done(now);
        _seen = _requests;
        _fetched.Check(applies: true, now, gap);

        var staple = Selector.StapleOf(Host);
        if (staple is not null) _stapled.Done(now);
        _stapled.Check(!_isDown && IsRight, now, gap);
        if (staple is null) return;
        var (end, at) = _given[Convert.ToBase64String(staple)];
        if (IsRight && end <= now - TimeSpan.FromMinutes(1)) throw new MissedDeadlineException("an expired response is stapled");
        // Whatever the wall clock says: a process that has had it for its whole life drops it.
        if (Clock.GetElapsedTime(Math.Max(at, _started)) > Life + TimeSpan.FromMinutes(6)) throw new MissedDeadlineException("a response is stapled for longer than its life");
    }
}
