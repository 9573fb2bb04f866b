using System.Net.Security;
using ImGateway.Edge.Certificates.Issuance;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tests.Certificates;
using ImGateway.Edge.Tls;
using ImGateway.Edge.Tls.SslStream;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Schedules;

/// <summary>An edge of a <see cref="CertificateWorld"/> whose clock is set wrong, suspended and corrected; and the deadlines of its schedules.</summary>
abstract class ScheduleWorld : IDisposable
{
    protected static readonly HostName Host = HostName.Parse("gateway.example.com");
    static readonly DateTimeOffset Start = new(2027, 3, 1, 0, 0, 0, TimeSpan.Zero);

    readonly ScheduleDeadline _tickets = new("new session ticket keys", TimeSpan.FromDays(1));
    readonly ScheduleDeadline _alerts = new("the daily alert, checked each hour", TimeSpan.FromHours(25));
    readonly TemporaryDirectory _folder = TemporaryDirectory.InMemory();
    readonly CertificateWorld _world;
    CertificateWorld.Edge? _edge;
    SslServerAuthenticationOptions? _sealedWith;
    DateTimeOffset _lastRound = Start;
    int _alertsSeen;

    protected ScheduleWorld(int seed)
    {
        Random = new Random(seed);
        _world = new CertificateWorld(Start, _folder) { Random = Random, HandshakeFailure = _ => Probe() };
    }

    public MachineClock Clock => _world.Time;

    public Random Random { get; }

    public virtual IEnumerable<ScheduleDeadline> Deadlines => [_tickets, _alerts];

    protected string Folder => _folder.Path;

    protected abstract EdgeOptions Options { get; }

    /// <summary>The process that runs; null before the first.</summary>
    protected IServiceProvider? Services => _edge?.Services;

    protected ServerCertificateSelector Selector => _edge!.Selector;

    /// <summary>The CA; null: there is none.</summary>
    protected virtual ICertificateAuthority? Authority => null;

    protected Credential? Served => Selector.Served.GetValueOrDefault(Host);

    /// <summary>Whether the wall clock is right within a minute.</summary>
    protected bool IsRight => Clock.Error.Duration() < TimeSpan.FromMinutes(1);

    /// <summary>Something other than the clock changes, or is restored.</summary>
    public abstract Task DisturbAsync();

    public virtual async Task RestartAsync()
    {
        _edge?.Dispose();
        (_world.Options, _world.Authority) = (Options, Authority);
        _edge = await _world.StartAsync();
        foreach (var deadline in Deadlines) deadline.Restarted();
        _sealedWith = null;
    }

    public async Task RoundAsync()
    {
        await WorkAsync();
        var now = Clock.TrueNow;
        var gap = now - _lastRound;
        _lastRound = now;

        // Ticket keys belong to an OpenSSL context, and that to the options.
        var sealedWith = ((SslStreamContext?)Selector.ContextOf(Host))?.Options;
        if (!ReferenceEquals(_sealedWith, sealedWith)) _tickets.Done(now);
        _sealedWith = sealedWith;
        _tickets.Check(Selector.Served.Count > 0, now, gap);

        var alerts = _world.Log.Lines.Count(line => line.Text.Contains("the certificate served"));
        if (alerts != _alertsSeen) _alerts.Done(now);
        _alertsSeen = alerts;
        _alerts.Check(IsAlertDue, now, gap);
        Check(now, gap);
    }

    public virtual void Dispose()
    {
        _edge?.Dispose();
        _world.Dispose();
    }

    /// <summary>Whether an alert is due for the certificate served, by the clock as it is.</summary>
    protected abstract bool IsAlertDue { get; }

    protected virtual Task WorkAsync() => _edge!.RoundAsync();

    protected abstract void Check(DateTimeOffset now, TimeSpan gap);

    protected virtual string? Probe() => null;

    protected IssuedCertificate Issue(PkiLeaf leaf) => _world.Ca.Issue(leaf);

    protected byte[] Ocsp(IssuedCertificate about, DateTimeOffset now, TimeSpan life) =>
        new PkiOcspResponse(about.Leaf, _world.Ca) { Status = OcspStatus.Good, ThisUpdate = now, NextUpdate = now + life }.ToBytes();
}
