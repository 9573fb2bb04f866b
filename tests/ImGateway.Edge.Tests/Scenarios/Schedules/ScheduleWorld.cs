using System.Net.Security;
using ImGateway.Edge.Certificates;
using ImGateway.Edge.Certificates.Issuance;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;
using ImGateway.Edge.Tests.Certificates;
using ImGateway.Edge.Tls;
using ImGateway.Edge.Tls.SslStream;
using ImGateway.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ImGateway.Edge.Tests.Scenarios.Schedules;

/// <summary>A real manager with a real store, on the clocks of a machine that are turned, suspended and put right; and what its schedules owe.</summary>
abstract class ScheduleWorld : IDisposable
{
    protected static readonly HostName Host = HostName.Parse("gateway.example.com");
    static readonly DateTimeOffset Start = new(2027, 3, 1, 0, 0, 0, TimeSpan.Zero);
    static readonly Lock Issuing = new();
    static readonly TestCa Ca = TestCa.Create("Schedule Root", Start.AddYears(-20), Start.AddYears(40)).CreateIntermediate("Schedule Intermediate", notBefore: Start.AddYears(-19), notAfter: Start.AddYears(39));

    readonly Duty _tickets = new("new session ticket keys", TimeSpan.FromDays(1));
    readonly Duty _alerts = new("the daily alert, looked for each hour", TimeSpan.FromHours(25));
    readonly AlertCount _log = new();
    readonly TemporaryDirectory _folder = TemporaryDirectory.InMemory();
    SslServerAuthenticationOptions? _sealedWith;
    DateTimeOffset _lastRound = Start;
    int _alertsSeen;

    protected ScheduleWorld(int seed) => Chance = new Random(seed);

    public MachineClock Clock { get; } = new(Start);

    public Random Chance { get; }

    public virtual IEnumerable<Duty> Duties => [_tickets, _alerts];

    protected string Folder => _folder.Path;

    protected abstract EdgeOptions Options { get; }

    protected ServiceProvider Services { get; private set; } = null!;

    protected CertificateManager Manager => Services.GetRequiredService<CertificateManager>();

    protected ServerCertificateSelector Selector => Services.GetRequiredService<ServerCertificateSelector>();

    /// <summary>The CA; null: there is none.</summary>
    protected virtual CertificateAuthority? Authority => null;

    protected Credential? Served => Selector.Served.GetValueOrDefault(Host);

    /// <summary>Whether the wall clock is right, as clocks go.</summary>
    protected bool IsRight => Clock.Error.Duration() < TimeSpan.FromMinutes(1);

    /// <summary>Something else than the clock changes, or is put right.</summary>
    public abstract Task DisturbAsync();

    public virtual async Task RestartAsync()
    {
        Services?.Dispose();
        var graph = new CertificateGraph(Options, Clock, _log, DiskSteps.Unobserved) { Probe = (_, _, _) => Task.FromResult(Probe()), Random = Chance };
        Services = (Authority is { } authority ? graph with { CaOf = graph.With(authority) } : graph).Build();
        await Manager.LoadAsync(CancellationToken.None);
        foreach (var duty in Duties) duty.Restarted();
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

        if (_log.Alerts != _alertsSeen) _alerts.Done(now);
        _alertsSeen = _log.Alerts;
        _alerts.Check(IsAlertDue, now, gap);
        Check(now, gap);
    }

    public virtual void Dispose()
    {
        Services?.Dispose();
        _folder.Dispose();
    }

    /// <summary>Whether what is served is to be warned of, by the clock as it is.</summary>
    protected abstract bool IsAlertDue { get; }

    protected virtual async Task WorkAsync()
    {
        await Manager.LookAsync(CancellationToken.None);
        await Manager.RenewalsAsync();
    }

    protected abstract void Check(DateTimeOffset now, TimeSpan gap);

    protected virtual string? Probe() => null;

    protected static IssuedCertificate Issue(PkiLeaf leaf)
    {
        lock (Issuing) return Ca.Issue(leaf);
    }

    protected static byte[] Ocsp(IssuedCertificate about, DateTimeOffset now, TimeSpan life)
    {
        lock (Issuing) return new PkiOcspResponse(about.Leaf, Ca) { Status = OcspStatus.Good, ThisUpdate = now, NextUpdate = now + life }.ToBytes();
    }

    sealed class AlertCount : ILogger
    {
        public int Alerts { get; private set; }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (formatter(state, exception).Contains("the certificate served")) Alerts++;
        }
    }
}
