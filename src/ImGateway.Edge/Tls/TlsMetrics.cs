using System.Collections.Concurrent;
using System.Net.Security;
using System.Security.Authentication;
using ImGateway.Edge.Tls.Policy;
using Prometheus;

namespace ImGateway.Edge.Tls;

/// <summary>
/// Metrics of handshakes. Every series starts at 0, so that the first handshake of a kind is an increase too. Children
/// are cached: counting does not allocate.
/// </summary>
public sealed class TlsMetrics
{
    static readonly double[] Buckets = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10];

    static readonly SslApplicationProtocol[] Alpn = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11, default];

    readonly ConcurrentDictionary<(SslProtocols, TlsCipherSuite, bool, SslApplicationProtocol), Counter.Child> _outcomes = new();
    readonly ConcurrentDictionary<(SslProtocols, bool), Histogram.Child> _durations = new();
    readonly Counter _handshakes;
    readonly Histogram _duration;
    readonly Counter.Child[] _failures;
    readonly Gauge _inProgress, _loopLag;

    public TlsMetrics(IMetricFactory metrics)
    {
        _handshakes = metrics.CreateCounter(
            "imgw_tls_handshakes_total", "TLS handshakes that came to their end, by what was agreed on. All of them should be TLSv1.3.", ["protocol", "cipher", "resumed", "alpn"]);
        _duration = metrics.CreateHistogram(
            "imgw_tls_handshake_duration_seconds",
            "How long handshakes took that came to their end, from accept on: the client's and the network's time included.",
            ["protocol", "resumed"],
            new HistogramConfiguration { Buckets = Buckets });
        _inProgress = metrics.CreateGauge("imgw_tls_handshakes_in_progress", "TLS handshakes that have begun and not ended, including those that wait for a handshake slot.");
        _loopLag = metrics.CreateGauge(
            "imgw_tls_loop_lag_seconds",
            "The longest time in the last minute for which an event loop of the Direct engine was busy without a break: so long may a message have waited. 0 with SslStream.");
        var failures = metrics.CreateCounter(
            "imgw_tls_handshake_failures_total", "Connections to a TLS port that ended before a handshake did, by cause. Probes and scanners are closed, not_tls and unknown_name.", ["reason"]);
        _failures = [.. Enum.GetValues<HandshakeFailure>().Select(failure => failures.WithLabels(failure.Label()))];
        foreach (var resumed in (bool[])[false, true])
        {
            Begin(SslProtocols.Tls13, PolicySuites.Tls13, resumed);
            Begin(SslProtocols.Tls12, PolicySuites.Tls12, resumed);
        }
    }

    public void OnStarted() => _inProgress.Inc();

    public void SetLoopLag(TimeSpan lag) => _loopLag.Set(lag.TotalSeconds);

    public void OnEnded() => _inProgress.Dec();

    internal long InProgress => (long)_inProgress.Value;

    /// <summary>The counts so far, by negotiated parameters.</summary>
    internal IEnumerable<(string Protocol, string Cipher, bool Resumed, long Count)> Completed =>
        _outcomes.Select(outcome => (ProtocolLabel(outcome.Key.Item1), outcome.Key.Item2.ToString(), outcome.Key.Item3, (long)outcome.Value.Value));

    /// <summary>The counts so far, by reason. Failures with the same label share a counter.</summary>
    internal IEnumerable<(string Reason, long Count)> Failed =>
        Enum.GetValues<HandshakeFailure>().DistinctBy(HandshakeFailures.Label).Select(failure => (failure.Label(), (long)_failures[(int)failure].Value));

    internal void OnCompleted(TlsConnectionInfo info, TimeSpan duration)
    {
        Count(info.Protocol, info.NegotiatedCipherSuite ?? default, info.Resumed, info.ApplicationProtocol).Inc();
        Duration(info.Protocol, info.Resumed).Observe(duration.TotalSeconds);
    }

    internal void OnFailed(HandshakeFailure failure) => _failures[(int)failure].Inc();

    void Begin(SslProtocols protocol, IReadOnlyList<TlsCipherSuite> suites, bool resumed)
    {
        Duration(protocol, resumed);
        foreach (var suite in suites)
        {
            foreach (var alpn in Alpn) Count(protocol, suite, resumed, alpn);
        }
    }

    Counter.Child Count(SslProtocols protocol, TlsCipherSuite suite, bool resumed, SslApplicationProtocol alpn) =>
        _outcomes.TryGetValue((protocol, suite, resumed, alpn), out var known)
            ? known
            : _outcomes.GetOrAdd((protocol, suite, resumed, alpn), _handshakes.WithLabels(ProtocolLabel(protocol), suite.ToString(), ResumedLabel(resumed), AlpnLabel(alpn)));

    Histogram.Child Duration(SslProtocols protocol, bool resumed) =>
        _durations.TryGetValue((protocol, resumed), out var known)
            ? known
            : _durations.GetOrAdd((protocol, resumed), _duration.WithLabels(ProtocolLabel(protocol), ResumedLabel(resumed)));

    internal static string ProtocolLabel(SslProtocols protocol) => protocol is SslProtocols.Tls13 ? "TLSv1.3" : "TLSv1.2";

    static string ResumedLabel(bool resumed) => resumed ? "true" : "false";

    static string AlpnLabel(SslApplicationProtocol protocol) =>
        protocol == SslApplicationProtocol.Http2 ? "h2" : protocol == SslApplicationProtocol.Http11 ? "http/1.1" : "none";
}
