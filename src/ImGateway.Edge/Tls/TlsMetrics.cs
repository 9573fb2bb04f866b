using System.Collections.Concurrent;
using System.Net.Security;
using System.Security.Authentication;
using Prometheus;

namespace ImGateway.Edge.Tls;

/// <summary>Handshakes. Children are found by value once and kept: counting one allocates nothing.</summary>
public sealed class TlsMetrics(IMetricFactory metrics)
{
    static readonly double[] Buckets = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10];

    readonly ConcurrentDictionary<(SslProtocols, TlsCipherSuite, bool, SslApplicationProtocol), Counter.Child> _outcomes = new();
    readonly ConcurrentDictionary<(SslProtocols, bool), Histogram.Child> _durations = new();
    readonly Counter.Child[] _failures = Failures(metrics);

    readonly Counter _handshakes = metrics.CreateCounter(
        "imgw_tls_handshakes_total", "Completed TLS handshakes.", ["protocol", "cipher", "resumed", "alpn"]);

    readonly Histogram _duration = metrics.CreateHistogram(
        "imgw_tls_handshake_duration_seconds", "From accept to the end of the handshake, in seconds.", ["protocol", "resumed"],
        new HistogramConfiguration { Buckets = Buckets });

    readonly Gauge _inProgress = metrics.CreateGauge("imgw_tls_handshakes_in_progress", "TLS handshakes that have begun and not ended.");

    public void OnStarted() => _inProgress.Inc();

    public void OnEnded() => _inProgress.Dec();

    internal long InProgress => (long)_inProgress.Value;

    /// <summary>What was counted so far, by what was negotiated.</summary>
    internal IEnumerable<(string Protocol, string Cipher, bool Resumed, long Count)> Completed =>
        _outcomes.Select(outcome => (ProtocolLabel(outcome.Key.Item1), outcome.Key.Item2.ToString(), outcome.Key.Item3, (long)outcome.Value.Value));

    /// <summary>What was counted so far, by reason.</summary>
    internal IEnumerable<(string Reason, long Count)> Failed =>
        Enum.GetValues<HandshakeFailure>().Select(failure => (failure.Label(), (long)_failures[(int)failure].Value));

    internal void OnCompleted(TlsConnectionInfo info, TimeSpan duration)
    {
        var outcome = (info.Protocol, info.NegotiatedCipherSuite ?? default, info.Resumed, info.ApplicationProtocol);
        if (!_outcomes.TryGetValue(outcome, out var count))
        {
            count = _outcomes.GetOrAdd(outcome, _handshakes.WithLabels(
                ProtocolLabel(info.Protocol), outcome.Item2.ToString(), ResumedLabel(info.Resumed), AlpnLabel(info.ApplicationProtocol)));
        }

        var kind = (info.Protocol, info.Resumed);
        if (!_durations.TryGetValue(kind, out var seconds))
            seconds = _durations.GetOrAdd(kind, _duration.WithLabels(ProtocolLabel(info.Protocol), ResumedLabel(info.Resumed)));

        count.Inc();
        seconds.Observe(duration.TotalSeconds);
    }

    internal void OnFailed(HandshakeFailure failure) => _failures[(int)failure].Inc();

    static Counter.Child[] Failures(IMetricFactory metrics)
    {
        var failures = metrics.CreateCounter("imgw_tls_handshake_failures_total", "Connections that ended before their handshake did.", ["reason"]);
        return [.. Enum.GetValues<HandshakeFailure>().Select(failure => failures.WithLabels(failure.Label()))];
    }

    internal static string ProtocolLabel(SslProtocols protocol) => protocol is SslProtocols.Tls13 ? "TLSv1.3" : "TLSv1.2";

    static string ResumedLabel(bool resumed) => resumed ? "true" : "false";

    static string AlpnLabel(SslApplicationProtocol protocol) =>
        protocol == SslApplicationProtocol.Http2 ? "h2" : protocol == SslApplicationProtocol.Http11 ? "http/1.1" : "none";
}
