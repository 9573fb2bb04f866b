using System.Text.RegularExpressions;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Monitoring;

/// <summary>The shipped rules, judged by promtool and by their own tests.</summary>
public sealed partial class AlertRulesTests
{
    [Theory]
    [InlineData("alerts_test.yml")]
    [InlineData("lifetimes_test.yml")]
    [InlineData("alerts-by-days_test.yml")]
    public async Task Alerts_fire_when_they_should_and_only_then(string tests)
    {
        var result = await ExternalTool.RunAsync(ExternalTool.PromTool, ["test", "rules", Shipped(tests)], timeout: TimeSpan.FromMinutes(2));
        Assert.True(result.ExitCode == 0, result.All);
    }

    [Fact]
    public async Task Promtool_finds_nothing_wrong_with_rules_and_configuration()
    {
        var rules = await ExternalTool.RunAsync(ExternalTool.PromTool, ["check", "rules", Shipped("alerts.yml"), Shipped("alerts-by-days.yml")]);
        Assert.True(rules.ExitCode == 0 && !rules.All.Contains("duplicate", StringComparison.OrdinalIgnoreCase), rules.All);

        // Where the rules are in the container they are not here.
        using var directory = new TemporaryDirectory();
        var configuration = (await File.ReadAllTextAsync(Shipped("prometheus.yml"))).Replace("/etc/prometheus/", RepositoryFiles.Prometheus + "/", StringComparison.Ordinal);
        await File.WriteAllTextAsync(directory["prometheus.yml"], configuration);
        var checkedAll = await ExternalTool.RunAsync(ExternalTool.PromTool, ["check", "config", directory["prometheus.yml"]]);
        Assert.True(checkedAll.ExitCode == 0 && checkedAll.All.Contains("1 rule files found", StringComparison.Ordinal), checkedAll.All);
    }

    [Fact]
    public void Every_alert_says_how_bad_it_is_what_is_wrong_what_to_do_first_and_where_more_stands()
    {
        var alerts = Alert().Matches(File.ReadAllText(Shipped("alerts.yml"))).Select(match => (Name: match.Groups["name"].Value, Text: match.Value)).ToList();
        Assert.Equal(13, alerts.Select(alert => alert.Name).Distinct().Count());
        Assert.Equal("TLSCertificateExpiringSoon", alerts[0].Name);
        Assert.All(alerts, alert =>
        {
            Assert.Matches("severity: (critical|warning|info)\n", alert.Text);
            Assert.Contains(" summary: ", alert.Text, StringComparison.Ordinal);
            Assert.Contains("First: ", alert.Text, StringComparison.Ordinal);
            Assert.Contains($"runbook_url: https://github.com/imgateway/edge/blob/main/docs/operations.md#{alert.Name.ToLowerInvariant()}\n", alert.Text, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void Every_alert_is_tested_firing_and_silent()
    {
        var tests = File.ReadAllText(Shipped("alerts_test.yml")) + File.ReadAllText(Shipped("lifetimes_test.yml"));
        foreach (var name in Alert().Matches(File.ReadAllText(Shipped("alerts.yml"))).Select(match => match.Groups["name"].Value).Distinct())
        {
            var cases = Case().Matches(tests).Where(match => match.Groups["name"].Value == name).Select(match => match.Groups["silent"].Success).ToList();
            Assert.True(cases.Contains(true) && cases.Contains(false), $"{name}: {cases.Count} cases");
        }
    }

    static string Shipped(string file) => Path.Combine(RepositoryFiles.Prometheus, file);

    [GeneratedRegex(@"^ +- alert: (?<name>\w+)\n(?:(?! +- alert: )(?! +- name: ).*\n)+", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Alert();

    [GeneratedRegex(@"- alertname: (?<name>\w+)\n +eval_time: \S+\n +exp_alerts:(?<silent> \[\])?", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Case();
}
