using ImGateway.Edge.Configuration;
using Prometheus;

namespace ImGateway.Edge.Certificates;

/// <summary><c>host</c> is always a configured name.</summary>
public sealed class CertificateMetrics(IMetricFactory metrics)
{
    readonly Gauge _expiry = metrics.CreateGauge(
        "ssl_certificate_expiry_seconds", "End of the served certificate's validity, as Unix time.", ["host", "source"]);

    readonly Gauge _notBefore = metrics.CreateGauge(
        "imgw_certificate_not_before_timestamp_seconds", "Begin of the served certificate's validity, as Unix time.", ["host"]);

    readonly Gauge _nextRenewal = metrics.CreateGauge(
        "imgw_certificate_next_renewal_timestamp_seconds", "When the edge renews the certificate itself, as Unix time.", ["host"]);

    readonly Counter _swaps = metrics.CreateCounter(
        "imgw_certificate_swaps_total", "Certificates replaced while serving.", ["host"]);

    readonly Counter _loadFailures = metrics.CreateCounter(
        "imgw_certificate_load_failures_total", "Changed certificate files that were not put to use.", ["host"]);

    readonly Counter _renewals = metrics.CreateCounter(
        "imgw_certificate_renewals_total", "Attempts to replace a certificate, by outcome and cause.", ["host", "result", "reason"]);

    readonly Gauge _failures = metrics.CreateGauge(
        "imgw_certificate_renewal_consecutive_failures", "Attempts to renew that failed since the last success.", ["host"]);

    public void Served(HostName host, ServedCredential served)
    {
        foreach (var labels in _expiry.GetAllLabelValues().Where(labels => labels[0] == host.Value && labels[1] != served.Source).ToList())
        {
            _expiry.RemoveLabelled(labels);
        }

        _expiry.WithLabels(host.Value, served.Source).Set(served.Credential.NotAfter.ToUnixTimeSeconds());
        _notBefore.WithLabels(host.Value).Set(served.Credential.NotBefore.ToUnixTimeSeconds());
        // From the beginning, so that the first swap and the first failure show as an increase.
        _swaps.WithLabels(host.Value);
        _loadFailures.WithLabels(host.Value);
    }

    /// <summary>The host is no longer configured.</summary>
    public void Forget(HostName host)
    {
        foreach (var gauge in (Gauge[])[_expiry, _notBefore, _nextRenewal, _failures]) Remove(gauge, host);
        foreach (var counter in (Counter[])[_swaps, _loadFailures, _renewals]) Remove(counter, host);
    }

    public void NextRenewal(HostName host, DateTimeOffset at) => _nextRenewal.WithLabels(host.Value).Set(at.ToUnixTimeSeconds());

    public void ConsecutiveFailures(HostName host, int count) => _failures.WithLabels(host.Value).Set(count);

    public void Swapped(HostName host) => _swaps.WithLabels(host.Value).Inc();

    public void Renewed(HostName host, string reason) => _renewals.WithLabels(host.Value, "success", reason).Inc();

    public void LoadFailed(HostName host)
    {
        _loadFailures.WithLabels(host.Value).Inc();
        RenewalFailed(host, "file");
    }

    public void RenewalFailed(HostName host, string reason) => _renewals.WithLabels(host.Value, "failure", reason).Inc();

    static void Remove<TChild>(Collector<TChild> series, HostName host)
        where TChild : ChildBase
    {
        foreach (var labels in series.GetAllLabelValues().Where(labels => labels[0] == host.Value).ToList()) series.RemoveLabelled(labels);
    }
}
