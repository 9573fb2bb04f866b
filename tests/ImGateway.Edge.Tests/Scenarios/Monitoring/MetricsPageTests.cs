using Prometheus;

namespace ImGateway.Edge.Tests.Scenarios.Monitoring;

/// <summary>The page of metrics is what the code registers, and that is what was promised.</summary>
public sealed class MetricsPageTests
{
    const string Command = "IMGW_WRITE_DOCS=1 tests/ImGateway.Edge.Tests/bin/Debug/net10.0/ImGateway.Edge.Tests --filter-class '*MetricsPageTests'";

    /// <summary>Fixed: dashboards and alerts of others are made of them.</summary>
    const string Promised = """
        ssl_certificate_expiry_seconds{host,source}
        imgw_certificate_not_before_timestamp_seconds{host}
        imgw_certificate_next_renewal_timestamp_seconds{host}
        imgw_certificate_renewals_total{host,result,reason}
        imgw_certificate_renewal_consecutive_failures{host}
        imgw_certificate_swaps_total{host}
        imgw_certificate_load_failures_total{host}
        imgw_tls_handshakes_total{protocol,cipher,resumed,alpn}
        imgw_tls_handshake_failures_total{reason}
        imgw_tls_handshake_duration_seconds{protocol,resumed}
        imgw_tls_handshakes_in_progress
        imgw_acme_requests_total{operation,problem}
        imgw_acme_rate_limit_remaining{limit}
        imgw_ocsp_staple_state{host,state}
        imgw_websocket_connections
        imgw_websocket_duration_seconds
        imgw_websocket_bytes_total{direction}
        imgw_websocket_closed_total{by}
        imgw_certificate_chain_state{host,state}
        imgw_http_requests_total{route,code}
        imgw_http_request_duration_seconds{route}
        imgw_upstream_errors_total{route,error}
        imgw_upstream_ports_used{destination}
        imgw_refused_total{reason}
        imgw_draining
        imgw_config_last_reload_successful
        imgw_config_last_reload_success_timestamp_seconds
        imgw_build_info{version,commit,openssl,engine}
        """;

    [Fact]
    public void Page_is_what_the_code_registers()
    {
        var page = MetricsPage.Write(RecordingMetrics.OfProduct());
        if (Environment.GetEnvironmentVariable("IMGW_WRITE_DOCS") == "1") File.WriteAllText(RepositoryFiles.Metrics, page);
        Assert.True(File.Exists(RepositoryFiles.Metrics) && File.ReadAllText(RepositoryFiles.Metrics) == page, $"docs/metrics.md is not what the code registers; write it anew:\n  {Command}");
    }

    [Fact]
    public void What_was_promised_is_there_by_its_name_and_labels()
    {
        var registered = RecordingMetrics.OfProduct().Select(Signature).ToHashSet();
        Assert.All(Promised.Split('\n'), promised => Assert.Contains(promised, registered));
        Assert.All(registered, name => Assert.Matches("^(imgw_|ssl_certificate_expiry_seconds|process_|dotnet_)", name));
    }

    [Theory]
    [InlineData("imgw_certificate_renewals_total", "reason", "missing ari age max_age revoked manual file")]
    [InlineData("imgw_certificate_renewals_total", "result", "success failure")]
    [InlineData("imgw_tls_handshakes_total", "protocol", "TLSv1.3 TLSv1.2")]
    [InlineData("imgw_tls_handshakes_total", "alpn", "h2 http/1.1 none")]
    [InlineData("imgw_tls_handshakes_total", "resumed", "true false")]
    [InlineData("imgw_tls_handshake_failures_total", "reason", "unsupported_protocol no_shared_cipher unknown_name client_alert timeout closed not_tls refused other")]
    [InlineData("imgw_websocket_closed_total", "by", "client upstream idle drain limit error")]
    [InlineData("imgw_upstream_errors_total", "error", "connect timeout reset protocol")]
    [InlineData("imgw_upstream_errors_total", "route", "ws api health other")]
    [InlineData("imgw_http_request_duration_seconds", "route", "ws api health other")]
    [InlineData("imgw_certificate_chain_state", "state", "complete unverified incomplete")]
    [InlineData("imgw_ocsp_staple_state", "state", "good revoked stale not_offered")]
    public void Labels_take_the_promised_values(string metric, string label, string values)
    {
        var collector = RecordingMetrics.OfProduct().Single(collector => collector.Name == metric);
        Assert.Equal(values.Split(' ').Order(StringComparer.Ordinal), MetricsPage.ValuesOf(collector, label)!.Order(StringComparer.Ordinal));
    }

    static string Signature(Collector metric) => metric.LabelNames.Length == 0 ? metric.Name : $"{metric.Name}{{{string.Join(',', metric.LabelNames)}}}";
}
