using System.Collections.Concurrent;
using ImGateway.Edge.Certificates.Renewal;
using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;
using Prometheus;

namespace ImGateway.Edge.Certificates.Installation;

/// <summary>
/// Metrics of certificates. <c>host</c> is always a configured name, so the number of series is bounded. A host has few series until something has
/// happened to it: an edge may have thousands of hosts, and each scrape transfers all series.
/// </summary>
public sealed class CertificateMetrics(IMetricFactory metrics)
{
    const string Success = "success", Failure = "failure";

    /// <summary>The label <c>source</c> of each host, because a search of all series for it would make a table of n hosts cost n².</summary>
    readonly ConcurrentDictionary<HostName, string> _sources = [];
    readonly ConcurrentDictionary<HostName, bool> _onceWithoutProfile = [];

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
        "imgw_certificate_load_failures_total", "Certificate files that were not put to use, because they are broken, expired or without their key. The certificate before goes on being served. Appears with the first one.", ["host"]);

    readonly Gauge _filesRefused = metrics.CreateGauge(
        "imgw_certificate_files_refused", "Certificate files for the host that are refused now, until they are mended. The certificate before goes on being served, if there is one. Appears with the first one.", ["host"]);

    readonly Counter _renewals = metrics.CreateCounter(
        "imgw_certificate_renewals_total", "Attempts to get or replace a certificate, by outcome and cause. Appears with the first one.", ["host", "result", "reason"]);

    readonly Gauge _failures = metrics.CreateGauge(
        "imgw_certificate_renewal_consecutive_failures", "Attempts at the CA that failed since the last success. Above 0 for hours: needs attention.", ["host"]);

    readonly Gauge _withoutProfile = metrics.CreateGauge(
        "imgw_certificate_without_profile", "1 while the served certificate is one that was ordered without Acme:Profile, because the CA no longer had that profile when time was running out; else 0, or none if there never was one.", ["host"]);

    public void Served(HostName host, HostCertificate served)
    {
        if (_sources.TryGetValue(host, out var source) && source != served.Source) _expiry.RemoveLabelled(host.Value, source);
        _sources[host] = served.Source;
        _expiry.WithLabels(host.Value, served.Source).Set(served.Credential.NotAfter.ToUnixTimeSeconds());
        _notBefore.WithLabels(host.Value).Set(served.Credential.NotBefore.ToUnixTimeSeconds());
        foreach (var state in Enum.GetValues<ChainState>()) _chain.WithLabels(host.Value, state.Label()).Set(state == served.Credential.Chain ? 1 : 0);
        // Exists from the start, so that the first swap is visible as an increase.
        _swaps.WithLabels(host.Value);
    }

    /// <summary>Removes the series of a host that is no longer configured.</summary>
    public void Forget(HostName host)
    {
        if (_sources.TryRemove(host, out var source)) _expiry.RemoveLabelled(host.Value, source);
        _onceWithoutProfile.TryRemove(host, out _);
        foreach (var gauge in (Gauge[])[_notBefore, _nextRenewal, _failures, _filesRefused, _withoutProfile]) gauge.RemoveLabelled(host.Value);
        foreach (var counter in (Counter[])[_swaps, _loadFailures]) counter.RemoveLabelled(host.Value);
        foreach (var state in Enum.GetValues<ChainState>()) _chain.RemoveLabelled(host.Value, state.Label());
        foreach (var reason in RenewalReasons.All)
        {
            foreach (var result in (string[])[Success, Failure]) _renewals.RemoveLabelled(host.Value, result, reason);
        }
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
        if (without is not { } left)
        {
            _onceWithoutProfile.TryRemove(host, out _);
            _withoutProfile.RemoveLabelled(host.Value);
        }
        else if (left || _onceWithoutProfile.ContainsKey(host))
        {
            _onceWithoutProfile[host] = true;
            _withoutProfile.WithLabels(host.Value).Set(left ? 1 : 0);
        }
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
}
