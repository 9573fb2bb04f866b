using ImGateway.Edge.Certificates.Installation;
using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Scheduling;

namespace ImGateway.Edge.Certificates;

/// <summary>Logs warnings about served certificates that expire soon or are too old, once a day for each host and cause.</summary>
sealed partial class ExpiryAlerts(CurrentCertificateOptions options, CertificateInstaller installer, ScheduleClock clock, ILogger<ExpiryAlerts> logger)
{
    static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    static readonly TimeSpan Silence = TimeSpan.FromDays(1);

    readonly Dictionary<(HostName Host, string Cause), DueTime> _nextOf = [];
    DueTime _next;

    /// <summary>Checks every hour.</summary>
    public void CheckWhenDue()
    {
        var now = clock.Now;
        if (!_next.IsDue(now)) return;
        _next = DueTime.After(Interval, now);
        Check(now);
    }

    void Check(ClockReading moment)
    {
        var (now, maxAge) = (moment.Wall, options.Value.Certificates.MaxAge);
        foreach (var (host, served) in installer.Served)
        {
            var (notBefore, notAfter) = (served.Credential.NotBefore, served.Credential.NotAfter);
            if (now > notAfter)
            {
                if (Due(host, "expired", moment)) Expired(host, notAfter, served.Origin);
            }
            else if (now > notAfter - (notAfter - notBefore) / 10)
            {
                if (Due(host, "last tenth", moment)) NearsExpiry(host, notAfter, served.Origin);
            }

            if (served.Source != HostCertificate.SelfSigned && now > notBefore + maxAge && Due(host, "age", moment))
            {
                TooOld(host, (int)(now - notBefore).TotalDays, (int)maxAge.TotalDays, served.Origin);
            }
        }
    }

    bool Due(HostName host, string cause, ClockReading now)
    {
        if (_nextOf.TryGetValue((host, cause), out var next) && !next.IsDue(now)) return false;
        _nextOf[(host, cause)] = DueTime.After(Silence, now);
        return true;
    }

    [LoggerMessage(1, LogLevel.Warning, "{Host}: the certificate served expired at {NotAfter:u}; renew it; it came from {Origin}")]
    partial void Expired(HostName host, DateTimeOffset notAfter, string origin);

    [LoggerMessage(2, LogLevel.Warning, "{Host}: the certificate served is in the last tenth of its life and expires at {NotAfter:u}; renew it; it came from {Origin}")]
    partial void NearsExpiry(HostName host, DateTimeOffset notAfter, string origin);

    [LoggerMessage(3, LogLevel.Warning, "{Host}: the certificate served is {Days} days old, more than Edge:Certificates:MaxAge ({MaxDays} days); rotate it; it came from {Origin}")]
    partial void TooOld(HostName host, int days, int maxDays, string origin);
}
