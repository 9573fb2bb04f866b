using System.Collections.Concurrent;
using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;
using Prometheus;

namespace ImGateway.Edge.Certificates.Stapling;

/// <summary>The OCSP state of each host, for metrics, status, and the renewal of revoked certificates.</summary>
public sealed class OcspStates(IMetricFactory metrics)
{
    readonly ConcurrentDictionary<HostName, (string Fingerprint, OcspState State, bool HasSeries)> _states = new();

    /// <summary>The fingerprints of revoked certificates, because a renewal round asks for each host.</summary>
    volatile IReadOnlySet<string> _revoked = new HashSet<string>();

    readonly Gauge _gauge = metrics.CreateGauge(
        "imgw_ocsp_staple_state", "1 for the state that the host's stapled OCSP response is in, 0 for the others. not_offered is normal where a CA has given up OCSP; stale: the responder does not answer. None until a certificate of the host offers OCSP.", ["host", "state"]);

    public OcspState Of(HostName host) => _states.TryGetValue(host, out var known) ? known.State : OcspState.NotOffered;

    /// <summary>Whether the CA reports this certificate as revoked. A certificate that has replaced it has its own state.</summary>
    public bool IsRevoked(Credential credential) => _revoked.Contains(credential.Fingerprint);

    /// <summary>Hosts that are no longer served have no state.</summary>
    internal void Retain(IReadOnlyDictionary<HostName, HostCertificate> served)
    {
        foreach (var host in _states.Keys.Where(host => !served.ContainsKey(host)))
        {
            if (_states.TryRemove(host, out var removed) && removed.State is OcspState.Revoked) FindRevoked();
            foreach (var each in Enum.GetValues<OcspState>()) _gauge.RemoveLabelled(host.Value, each.Label());
        }
    }

    internal void Publish(HostName host, string fingerprint, OcspState state)
    {
        // Few CAs offer OCSP: most hosts never have another state.
        var isKnown = _states.TryGetValue(host, out var known);
        var hasSeries = state is not OcspState.NotOffered || known.HasSeries;
        _states[host] = (fingerprint, state, hasSeries);
        if (state is OcspState.Revoked || (isKnown && known.State is OcspState.Revoked)) FindRevoked();
        if (!hasSeries) return;
        foreach (var each in Enum.GetValues<OcspState>()) _gauge.WithLabels(host.Value, each.Label()).Set(each == state ? 1 : 0);
    }

    void FindRevoked() => _revoked = _states.Values.Where(known => known.State is OcspState.Revoked).Select(known => known.Fingerprint).ToHashSet(StringComparer.Ordinal);
}

/// <summary>The state of a certificate's stapled response.</summary>
public enum OcspState
{
    /// <summary>The certificate names no responder, or its issuer is unknown. The normal state with CAs that have no OCSP.</summary>
    NotOffered,

    /// <summary>A valid response is stapled.</summary>
    Good,

    /// <summary>The CA reports the certificate as revoked; nothing is stapled.</summary>
    Revoked,

    /// <summary>There is no valid response (yet); nothing is stapled.</summary>
    Stale,
}

static class OcspStateLabels
{
    /// <summary>The state's name in metrics and the API.</summary>
    public static string Label(this OcspState state) => state switch
    {
        OcspState.Good => "good",
        OcspState.Revoked => "revoked",
        OcspState.Stale => "stale",
        _ => "not_offered",
    };
}
