using System.Globalization;
using System.Text;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Monitoring;

/// <summary>The shipped alerts over the lives that certificates have and will have: silent while renewals are healthy, in time when they are not.</summary>
public sealed class HealthyYearTests
{
    const int Year = 365 * 24;

    static readonly (string Host, TimeSpan Lifetime, int Hours)[] Lives =
    [
        ("d90.example.com", TimeSpan.FromDays(90), Year),
        ("d64.example.com", TimeSpan.FromDays(64), Year),
        ("d45.example.com", TimeSpan.FromDays(45), Year),
        ("h160.example.com", TimeSpan.FromHours(160), 92 * 24),
    ];

    [Fact]
    public async Task No_certificate_alert_is_even_pending_over_a_year_of_healthy_renewals()
    {
        var lives = await Task.WhenAll(Lives.Select(life => Task.Run(() => RecordedLife.RunAsync(life.Host, life.Lifetime, life.Hours))));

        var tests = Begin("a healthy year", lives);
        Expect(tests, $"{Year}h", $"count_over_time(ALERTS{{alertname=~\"TLSCertificate.*\"}}[{Year}h])");
        // And the year was one of many renewals, in which a rule at thirty days would have spoken for days, or always.
        foreach (var (life, (host, lifetime, hours)) in lives.Zip(Lives))
        {
            Assert.InRange(life.Swaps, hours / lifetime.TotalHours * 1.4 - 1, hours / lifetime.TotalHours * 1.6 + 1);
            Assert.InRange(life.HoursWithin(TimeSpan.FromDays(30)), 24, hours + 1);
            TestContext.Current.SendDiagnosticMessage($"{host}: {life.Swaps} renewals in {hours / 24} days, {life.HoursWithin(TimeSpan.FromDays(30)) / 24.0:0} days of them within 30 days of the end");
            Expect(tests, $"{hours}h", $"changes(ssl_certificate_expiry_seconds{{host=\"{host}\"}}[{hours}h])", ($"{{job=\"edge\", instance=\"edge:9180\", host=\"{host}\", source=\"acme\"}}", life.Swaps));
        }

        await RunAsync(tests);
    }

    [Theory]
    [InlineData(90 * 24, 21.5 * 24)]
    [InlineData(64 * 24, 15.3 * 24)]
    [InlineData(45 * 24, 10.7 * 24)]
    [InlineData(160, 38)]
    public async Task Alerts_come_in_time_when_renewal_is_broken(int lifetimeHours, double hoursLeft)
    {
        var life = await RecordedLife.RunAsync("broken.example.com", TimeSpan.FromHours(lifetimeHours), lifetimeHours, isBroken: true);
        var (end, whole) = life.First;

        var tests = Begin("renewal is broken", [life]);
        // Hours after the first attempt that failed, and long before the certificate is old.
        Firing(tests, life.FirstFailure + 4, "TLSCertificateRenewalFailing", "warning", isFiring: true);
        Firing(tests, HourWhenLeft(0.26 * whole), "TLSCertificateExpiringSoon", "warning", isFiring: false);
        Firing(tests, HourWhenLeft(hoursLeft * 3600), "TLSCertificateExpiringSoon", "warning", isFiring: true);
        Firing(tests, HourWhenLeft(hoursLeft * 3600), "TLSCertificateExpiringSoon", "critical", isFiring: false);
        Firing(tests, HourWhenLeft(Math.Min(0.1 * whole, 7 * 86400)) + 2, "TLSCertificateExpiringSoon", "critical", isFiring: true);
        Assert.True(end - (life.FirstFailure + 4) * 3600d > 0.31 * whole);
        await RunAsync(tests);

        int HourWhenLeft(double seconds) => (int)Math.Floor((end - seconds) / 3600);
    }

    static StringBuilder Begin(string name, IReadOnlyList<RecordedLife> lives)
    {
        var tests = new StringBuilder($"rule_files: [certificates.yml]\nevaluation_interval: 1h\ntests:\n  - name: {name}\n    interval: 1h\n    input_series:\n");
        foreach (var life in lives) life.WriteTo(tests);
        return tests.Append("    promql_expr_test:\n");
    }

    static void Firing(StringBuilder tests, int hour, string alert, string severity, bool isFiring)
    {
        var labels = $"{{alertname=\"{alert}\", severity=\"{severity}\", alertstate=\"firing\"}}";
        Expect(tests, $"{hour}h", $"count(ALERTS{labels}) or vector(0)", ("{}", isFiring ? 1 : 0));
    }

    static void Expect(StringBuilder tests, string at, string expression, params (string Labels, double Value)[] samples)
    {
        tests.Append($"      - expr: '{expression}'\n        eval_time: {at}\n        exp_samples:{(samples.Length == 0 ? " []" : "")}\n");
        foreach (var (labels, value) in samples) tests.Append(CultureInfo.InvariantCulture, $"          - labels: '{labels}'\n            value: {value}\n");
    }

    static async Task RunAsync(StringBuilder tests)
    {
        using var directory = new TemporaryDirectory();
        // The shipped rules without those of traffic, which take their time over a year of nothing.
        var shipped = await File.ReadAllTextAsync(Path.Combine(RepositoryFiles.Prometheus, "alerts.yml"));
        await File.WriteAllTextAsync(directory["certificates.yml"], shipped[..shipped.IndexOf("  - name: edge-traffic", StringComparison.Ordinal)]);
        await File.WriteAllTextAsync(directory["test.yml"], tests.ToString());
        var result = await ExternalTool.RunAsync(ExternalTool.PromTool, ["test", "rules", directory["test.yml"]], timeout: TimeSpan.FromMinutes(2));
        Assert.True(result.ExitCode == 0, result.All);
    }
}
