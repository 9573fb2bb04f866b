using ImGateway.Edge.Certificates.Renewal;
using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;
using Prometheus;

namespace ImGateway.Edge.Certificates.Installation;

/// <summary>Metrics of certificates. <c>host</c> is always a configured name, so the number of series is bounded.</summary>
public sealed class CertificateMetrics(IMetricFactory metrics)
{
    const string Success = "success", Failure = "failure";

    readonly Gauge _expiry = metrics.CreateGauge(
        "ssl_certificate_expiry_seconds", "When the served certificate expires, as Unix time, whatever its name says. Minus time(): seconds left.", ["host", "source"]);

    readonly Gauge _notBefore = metrics.CreateGauge(
        "imgw_certificate_not_before_timestamp_seconds", "From when on the served certificate is valid, as Unix time. time() minus it: its age.", ["host"]);

    readonly Gauge _nextRenewal = metrics.CreateGauge(
        "imgw_certificate_next_renewal_timestamp_seconds", "When the edge next tries to renew the certificate, as Unix time: as the CA wishes, by age, or after a failed attempt. None where files are to be replaced by others.", ["host"]);

    readonly Gauge _chain = metrics.CreateGauge(
        "imgw_certificate_chain_state", "1 for the state that the host's chain is in, 0 for the others. unverified: the issuer of a certificate that came alone is unknown, perhaps a private root; incomplete: an issuer's certificate is missing, and clients that lack it refuse the connection.", ["host", "state"]);

    readonly Counter _swaps = metrics.CreateCounter(
        "imgw_certificate_swaps_total", "Certificates that took another's place while serving; no connection is closed for one.", ["host"]);

    readonly Counter _loadFailures = metrics.CreateCounter(
        "imgw_certificate_load_failures_total", "Certificate files that were not put to use, because they are broken, expired or without their key. The certificate before goes on being served.", ["host"]);

    readonly Gauge _filesRefused = metrics.CreateGauge(
        "imgw_certificate_files_refused", "Certificate files for the host that are refused now, until they are mended. The certificate before goes on being served, if there is one.", ["host"]);

    readonly Counter _renewals = metrics.CreateCounter(
        "imgw_certificate_renewals_total", "Attempts to get or replace a certificate, by outcome and cause.", ["host", "result", "reason"]);

    readonly Gauge _failures = metrics.CreateGauge(
        "imgw_certificate_renewal_consecutive_failures", "Attempts at the CA that failed since the last success. Above 0 for hours: needs attention.", ["host"]);

    readonly Gauge _withoutProfile = metrics.CreateGauge(
        "imgw_certificate_without_profile", "1 while the served certificate is one that was ordered without Acme:Profile, because the CA no longer had that profile when time was running out; else 0.", ["host"]);

    public void Served(HostName host, HostCertificate served)
    {
        foreach (var labels in _expiry.GetAllLabelValues().Where(labels => labels[0] == host.Value && labels[1] != served.Source).ToList())
        {
            _expiry.RemoveLabelled(labels);
        }

        _expiry.WithLabels(host.Value, served.Source).Set(served.Credential.NotAfter.ToUnixTimeSeconds());
        _notBefore.WithLabels(host.Value).Set(served.Credential.NotBefore.ToUnixTimeSeconds());
        foreach (var state in Enum.GetValues<ChainState>()) _chain.WithLabels(host.Value, state.Label()).Set(state == served.Credential.Chain ? 1 : 0);
        // Counters exist from the start, so that the first event is visible as an increase.
        _swaps.WithLabels(host.Value);
        _loadFailures.WithLabels(host.Value);
        _filesRefused.WithLabels(host.Value);
        foreach (var reason in RenewalReasons.All)
        {
            foreach (var result in (string[])[Success, Failure]) _renewals.WithLabels(host.Value, result, reason);
        }
    }

    /// <summary>Removes the series of a host that is no longer configured.</summary>
    public void Forget(HostName host)
    {
        foreach (var gauge in (Gauge[])[_expiry, _notBefore, _nextRenewal, _failures, _filesRefused, _chain, _withoutProfile]) Remove(gauge, host);
        foreach (var counter in (Counter[])[_swaps, _loadFailures, _renewals]) Remove(counter, host);
    }

    /// <param name="at">Null if the edge does not renew it.</param>
    public void NextRenewal(HostName host, DateTimeOffset? at)
    {
        if (at is { } time) _nextRenewal.WithLabels(host.Value).Set(time.ToUnixTimeSeconds());
        else _nextRenewal.RemoveLabelled(host.Value);
    }

    /// <param name="count">Null if it does not come from a CA.</param>
    public void ConsecutiveFailures(HostName host, int? count)
    {
        if (count is { } failures) _failures.WithLabels(host.Value).Set(failures);
        else _failures.RemoveLabelled(host.Value);
    }

    /// <param name="without">Null if it does not come from a CA.</param>
    public void WithoutProfile(HostName host, bool? without)
    {
        if (without is { } left) _withoutProfile.WithLabels(host.Value).Set(left ? 1 : 0);
        else _withoutProfile.RemoveLabelled(host.Value);
    }

    public void Swapped(HostName host) => _swaps.WithLabels(host.Value).Inc();

    public void Renewed(HostName host, string reason) => _renewals.WithLabels(host.Value, Success, reason).Inc();

    public void FilesRefused(HostName host, int count) => _filesRefused.WithLabels(host.Value).Set(count);

    public void LoadFailed(HostName host)
    {
        _loadFailures.WithLabels(host.Value).Inc();
        RenewalFailed(host, RenewalReasons.File);
    }

    public void RenewalFailed(HostName host, string reason) => _renewals.WithLabels(host.Value, Failure, reason).Inc();

    static void Remove<TChild>(Collector<TChild> series, HostName host)
        where TChild : ChildBase
    {
        foreach (var labels in series.GetAllLabelValues().Where(labels => labels[0] == host.Value).ToList()) series.RemoveLabelled(labels);
    }
}
