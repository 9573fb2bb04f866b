using System.Text;
using ImGateway.Acme;
using ImGateway.Edge.Certificates.Issuance;
using ImGateway.Edge.Certificates.Renewal;
using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Certificates.Stapling;
using ImGateway.Edge.Connections.Limits;
using ImGateway.Edge.Proxying.Checks;
using ImGateway.Edge.Proxying.Upstream;
using ImGateway.Edge.Tls;
using Prometheus;

namespace ImGateway.Edge.Tests.Scenarios.Monitoring;

/// <summary><c>docs/metrics.md</c>, written from what the product registers. Values of labels are those that exist from the start, or the code's own lists.</summary>
static class MetricsPage
{
    const string Title = """
        # Metrics

        Made from the code; a test keeps it so (CONTRIBUTING.md says by which command it is written anew). Prometheus reads them at `/metrics` of the management
        port, by default <http://127.0.0.1:9180/metrics>.

        Every label takes few values, whatever clients send: `host` is always a configured name. Counters without the label `host` exist from the
        start at 0, so that the first failure is an increase. Of a host there are at most 8 series (12 with OCSP) until something has happened to it: the others
        appear with the first event, which `increase()` alone does not count. `(X unless X offset 1h) or increase(X[1h])` counts it too. Rules and a dashboard made
        of them are in `deploy/docker/prometheus/alerts.yml` and `deploy/docker/grafana/dashboard.json`.

        What to watch, and by which:

        | question | query |
        |---|---|
        | When does a certificate expire, in days? | `(ssl_certificate_expiry_seconds{job="edge"} - time()) / 86400` |
        | How many handshakes succeed? | `sum(rate(imgw_tls_handshakes_total[5m])) / (sum(rate(imgw_tls_handshakes_total[5m])) + sum(rate(imgw_tls_handshake_failures_total[5m])))` |
        | How long does a handshake take? | `histogram_quantile(0.99, sum by (le) (rate(imgw_tls_handshake_duration_seconds_bucket[5m])))` |
        | Which TLS versions are used? | `sum by (protocol) (rate(imgw_tls_handshakes_total[5m]))` |
        | Which cipher suites? | `sum by (cipher) (rate(imgw_tls_handshakes_total[5m]))` |
        """;

    static readonly (string Title, Func<string, bool> Holds)[] Sections =
    [
        ("Certificates", name => name.StartsWith("ssl_", StringComparison.Ordinal) || name.StartsWith("imgw_certificate_", StringComparison.Ordinal)
            || name.StartsWith("imgw_acme_", StringComparison.Ordinal) || name.StartsWith("imgw_ocsp_", StringComparison.Ordinal)),
        ("TLS", name => name.StartsWith("imgw_tls_", StringComparison.Ordinal)),
        ("WebSockets", name => name.StartsWith("imgw_websocket_", StringComparison.Ordinal)),
        ("Requests and upstreams", name => name is "imgw_refused_total" || name.StartsWith("imgw_upstream_", StringComparison.Ordinal) || name is "imgw_requests_held" || name.StartsWith("imgw_http_", StringComparison.Ordinal)),
        ("The edge itself", name => name.StartsWith("imgw_", StringComparison.Ordinal)),
        ("Process and runtime", _ => true),
    ];

    /// <summary>Where the values are not there from the start.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<string>> LateValues { get; } = new Dictionary<string, IReadOnlyList<string>>
    {
        ["source"] = [HostCertificate.Acme, HostCertificate.Files, HostCertificate.SelfSigned, HostCertificate.Import],
        ["result"] = ["success", "failure"],
        ["imgw_certificate_renewals_total.reason"] = RenewalReasons.All,
        ["problem"] = ["none", .. AcmeRequestOutcome.Problems],
        ["limit"] = [OrderLedger.OrdersLimit.Name, OrderLedger.CertificatesLimit.Name, OrderLedger.FailedAuthorizationsLimit.Name],
        ["imgw_certificate_chain_state.state"] = [.. Enum.GetValues<ChainState>().Select(state => state.Label())],
        ["state"] = [.. Enum.GetValues<OcspState>().Select(state => state.Label())],
        ["route"] = [.. Enum.GetValues<RouteLabel>().Select(ProxyMetrics.LabelOf)],
        ["engine"] = [.. Enum.GetNames<Edge.Configuration.TlsEngine>()],
        ["generation"] = [.. Enumerable.Range(0, GC.MaxGeneration + 1).Select(generation => $"{generation}")],
    };

    static readonly Dictionary<string, string> Described = new(StringComparer.Ordinal)
    {
        ["host"] = "a name of `Edge:Hosts`",
        ["destination"] = "a configured destination, as `http://HOST:PORT`",
        ["code"] = "of HTTP; 499: the client left before the answer",
        ["version"] = "as `imgw --version` says it",
        ["commit"] = "of the build, empty outside of a repository",
        ["openssl"] = "the version of the OpenSSL in use",
    };

    public static string Write(IReadOnlyList<Collector> metrics)
    {
        var page = new StringBuilder(Title).Append('\n');
        var left = metrics.ToList();
        foreach (var (title, holds) in Sections)
        {
            page.Append($"\n## {title}\n\n| metric | type | unit | labels | meaning |\n|---|---|---|---|---|\n");
            foreach (var metric in left.Where(metric => holds(metric.Name)).OrderBy(metric => metric.Name, StringComparer.Ordinal))
                page.Append($"| `{metric.Name}` | {TypeOf(metric)} | {UnitOf(metric.Name)} | {string.Join(", ", metric.LabelNames.Select(name => $"`{name}`"))} | {metric.Help} |\n");
            left.RemoveAll(metric => holds(metric.Name));
        }

        page.Append("\n## Values of labels\n\n| label | of | values |\n|---|---|---|\n");
        var labels = from metric in metrics
                     from label in metric.LabelNames
                     group metric.Name by (label, Text: Values(metric, label)) into same
                     orderby same.Key.label
                     select $"| `{same.Key.label}` | {string.Join(", ", same.Order(StringComparer.Ordinal).Select(name => $"`{name}`"))} | {same.Key.Text} |\n";
        return page.AppendJoin("", labels).ToString();
    }

    /// <summary>All that the label can be; null where it is a configured name or of an open but bounded kind.</summary>
    public static IReadOnlyList<string>? ValuesOf(Collector metric, string label)
    {
        if (Described.ContainsKey(label)) return null;
        if (LateValues.GetValueOrDefault($"{metric.Name}.{label}") is { } ofMetric) return ofMetric;
        var index = Array.IndexOf(metric.LabelNames, label);
        IReadOnlyList<string> found = [.. Children(metric).Select(values => values[index]).Distinct()];
        return LateValues.TryGetValue(label, out var known) ? known : found.Count > 0 ? found : throw new InvalidOperationException($"{metric.Name}: nothing is known of label {label}");
    }

    static string Values(Collector metric, string label) =>
        ValuesOf(metric, label) is { } values ? string.Join(' ', values.Select(value => $"`{value}`")) : Described[label];

    static IEnumerable<string[]> Children(Collector metric) => metric switch
    {
        Counter counter => counter.GetAllLabelValues(),
        Gauge gauge => gauge.GetAllLabelValues(),
        Histogram histogram => histogram.GetAllLabelValues(),
        _ => throw new InvalidOperationException($"{metric.Name}: a kind of metric that this page does not know"),
    };

    static string TypeOf(Collector metric) => metric.GetType().Name.ToLowerInvariant();

    static string UnitOf(string name) => name switch
    {
        _ when name.EndsWith("_timestamp_seconds", StringComparison.Ordinal) || name is "ssl_certificate_expiry_seconds" or "process_start_time_seconds" => "Unix time, s",
        _ when name.Contains("_seconds", StringComparison.Ordinal) => "s",
        _ when name.Contains("_bytes", StringComparison.Ordinal) => "bytes",
        _ => "",
    };
}
