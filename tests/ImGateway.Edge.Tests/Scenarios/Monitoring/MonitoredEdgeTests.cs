using System.Text.Json;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Monitoring;

/// <summary>What is shipped for monitoring, on a real scrape of an edge under load.</summary>
public sealed class MonitoredEdgeTests(MonitoredEdge monitored) : IClassFixture<MonitoredEdge>
{
    /// <summary>The usual alert rule of ACME clients, with nothing but its job name changed.</summary>
    const string ThirtyDays = """(ssl_certificate_expiry_seconds{job="edge"} - time()) / 86400 < 30""";

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>With the label host, and only once something has happened to one.</summary>
    static readonly string[] AppearLater =
    [
        "imgw_certificate_renewals_total", "imgw_certificate_load_failures_total", "imgw_certificate_files_refused", "imgw_certificate_without_profile", "imgw_ocsp_staple_state",
    ];

    [Fact]
    public async Task The_rule_by_days_gives_the_right_number_of_days()
    {
        var days = await monitored.Prometheus.WaitForAsync(ThirtyDays, samples => samples.Count == 2, Patience);

        Assert.Equal([MonitoredEdge.Chat, MonitoredEdge.Gateway], days.Select(sample => sample.Labels["host"]).Order(StringComparer.Ordinal));
        foreach (var sample in days)
        {
            using var answer = await monitored.Edge.GetManagementAsync($"/api/certificates/{sample.Labels["host"]}");
            var notAfter = JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.GetProperty("notAfter").GetDateTimeOffset();
            Assert.Equal((notAfter - TimeProvider.System.GetUtcNow()).TotalDays, sample.Value, tolerance: 0.001);
            Assert.InRange(sample.Value, MonitoredEdge.Lifetime.TotalDays - 0.2, MonitoredEdge.Lifetime.TotalDays);
            Assert.Equal(("edge", "edge:9180", "acme"), (sample.Labels["job"], sample.Labels["instance"], sample.Labels["source"]));
        }
    }

    [Fact]
    public async Task Shipped_rules_are_loaded_and_no_certificate_alert_is_raised_for_a_healthy_edge()
    {
        await monitored.Prometheus.WaitForAsync("""count(up{job="edge"} == 1)""", samples => samples is [{ Value: 1 }], Patience);
        await monitored.Prometheus.WaitForAsync("imgw_certificate_next_renewal_timestamp_seconds > time()", samples => samples.Count == 2, Patience);

        var rules = (await monitored.Prometheus.RulesAsync()).EnumerateArray().SelectMany(group => group.GetProperty("rules").EnumerateArray()).ToList();
        string[] expected =
        [
            "ConfigurationNotLoaded", "DescriptorsShort", "EdgeDown", "MemoryShort", "TLSCertificateExpiringSoon", "TLSCertificateRenewalFailing",
            "TLSCertificateRenewalOverdue", "TLSCertificateRotationOverdue", "TLSHandshakeErrors", "TLSVersion12Share", "UpstreamDown",
            "UpstreamPortsShort", "WebSocketDrops",
        ];
        Assert.Equal(expected, rules.Select(rule => rule.GetProperty("name").GetString()!).Distinct().Order(StringComparer.Ordinal));
        Assert.All(rules, rule => Assert.True(rule.GetProperty("health").GetString() is "ok" or "unknown", rule.ToString()));
        Assert.All(
            rules.Where(rule => rule.GetProperty("name").GetString()!.StartsWith("TLSCertificate", StringComparison.Ordinal)),
            rule => Assert.Equal("inactive", rule.GetProperty("state").GetString()));
    }

    [Fact]
    public async Task Every_query_of_the_dashboard_returns_data_under_load()
    {
        await monitored.UntilTrafficFlowsAsync();
        List<string> without = [];
        foreach (var query in DashboardFile.Read().Queries)
        {
            var expression = query.Substitute(job: "edge", instance: ".+", interval: "5s");
            try
            {
                await monitored.Prometheus.WaitForAsync(expression, samples => samples.Any(sample => double.IsFinite(sample.Value)), TimeSpan.FromSeconds(8));
            }
            catch (TimeoutException)
            {
                without.Add($"{query.Panel}: {expression}");
            }
        }

        monitored.AssertTrafficFlows();
        Assert.Empty(without);

        // And the load was what it should be.
        foreach (var busy in (string[])[
            "imgw_tls_handshakes_total{protocol=\"TLSv1.3\"}", "imgw_tls_handshakes_total{protocol=\"TLSv1.2\"}", "imgw_tls_handshake_failures_total{reason=\"unknown_name\"}",
            "imgw_tls_handshake_failures_total{reason=\"no_shared_cipher\"}", "imgw_http_requests_total{route=\"api\",code=\"200\"}", "imgw_upstream_errors_total{error=\"connect\"}",
            "imgw_refused_total{reason=\"no_route\"}", "imgw_websocket_bytes_total", "imgw_websocket_connections", "imgw_acme_requests_total{problem=\"badNonce\"}"])
        {
            Assert.True(await monitored.Prometheus.QueryAsync($"sum({busy})") is [{ Value: > 0 }], busy);
        }
    }

    [Fact]
    public async Task Promtool_finds_nothing_wrong_with_the_page()
    {
        var page = (await monitored.Edge.GetMetricsAsync()).ToString();
        var result = await ExternalTool.RunAsync(ExternalTool.PromTool, ["check", "metrics"], page);
        Assert.True(result is { ExitCode: 0, All: "" }, result.All);
    }

    [Fact]
    public async Task The_page_holds_what_docs_say_and_nothing_else()
    {
        await monitored.UntilTrafficFlowsAsync();
        var scrape = await monitored.Edge.GetMetricsAsync();
        var documented = RecordingMetrics.OfProduct();

        var named = scrape.ToString().Split('\n').Where(line => line.StartsWith("# TYPE ", StringComparison.Ordinal)).Select(line => line.Split(' ')[2]);
        Assert.Equal(documented.Select(metric => metric.Name).Order(StringComparer.Ordinal), named.Order(StringComparer.Ordinal));
        foreach (var metric in documented)
        {
            var name = metric is Prometheus.Histogram ? metric.Name + "_count" : metric.Name;
            Assert.True(AppearLater.Contains(metric.Name) || scrape.Of(name).Length > 0, $"{metric.Name} is not there from the start");
            foreach (var label in metric.LabelNames)
            {
                if (MetricsPage.ValuesOf(metric, label) is { } values) Assert.Subset(values.ToHashSet(), scrape.Values(name, label).ToHashSet());
            }
        }
    }
}
