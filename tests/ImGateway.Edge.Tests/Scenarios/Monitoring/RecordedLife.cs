using System.Globalization;
using System.Text;
using ImGateway.Edge.Tests.Certificates.Issuance;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Monitoring;

/// <summary>
/// The metrics of an edge, hour by hour, while its certificates were renewed: the real renewal policy, loop and store before
/// a simulated CA. Written as input series for promtool, whose time begins at 0.
/// </summary>
sealed class RecordedLife
{
    static readonly DateTimeOffset Start = new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero);
    static readonly string[] Times = ["ssl_certificate_expiry_seconds", "imgw_certificate_not_before_timestamp_seconds", "imgw_certificate_next_renewal_timestamp_seconds"];
    static readonly string[] Recorded = [.. Times, "imgw_certificate_renewal_consecutive_failures", "imgw_certificate_load_failures_total", "imgw_certificate_files_refused"];

    readonly string _host;
    readonly SortedDictionary<string, List<double>> _series = new(StringComparer.Ordinal);

    RecordedLife(string host) => _host = host;

    public int Hours { get; private set; }

    /// <summary>Certificates that took another's place.</summary>
    public int Swaps { get; private set; }

    /// <summary>The first hour after which an attempt had failed; 0 = none has.</summary>
    public int FirstFailure { get; private set; }

    /// <param name="host">Distinguishes the series of one life from those of others.</param>
    /// <param name="lifetime">Of each certificate.</param>
    /// <param name="hours">How long to live.</param>
    /// <param name="isBroken">Whether the CA is unreachable once it has issued the first certificate.</param>
    public static async Task<RecordedLife> RunAsync(string host, TimeSpan lifetime, int hours, bool isBroken = false)
    {
        using var edge = new SimulatedEdge(Start, seed: hours);
        edge.Ca.Lifetime = lifetime;
        var life = new RecordedLife(host);
        // The first second sees the first order.
        await edge.PassAsync(TimeSpan.FromSeconds(1));
        edge.Ca.IsUp = !isBroken;
        var begun = edge.Time.GetUtcNow();
        while (true)
        {
            await life.RecordAsync(edge, begun);
            if (life.Hours == hours) break;
            life.Hours++;
            await edge.PassAsync(TimeSpan.FromHours(1));
        }

        life.Swaps = edge.Swaps - 1;
        return life;
    }

    /// <summary>Seconds from the beginning to the end of the first certificate, and its whole life.</summary>
    public (double End, double Life) First
    {
        get
        {
            var (end, begin) = (Of(Times[0])[0], Of(Times[1])[0]);
            return (end, end - begin);
        }
    }

    /// <summary>Hours in which the certificate served had less than <paramref name="left"/> to live.</summary>
    public int HoursWithin(TimeSpan left) => Of(Times[0]).Where((end, hour) => end - hour * 3600d < left.TotalSeconds).Count();

    public void WriteTo(StringBuilder tests)
    {
        foreach (var (series, values) in _series)
        {
            tests.Append(CultureInfo.InvariantCulture, $"      - series: '{series}'\n        values: '");
            for (int from = 0, to; from < values.Count; from = to)
            {
                for (to = from; to < values.Count && values[to].Equals(values[from]); to++)
                {
                    // As long as it stays the same.
                }

                tests.Append(CultureInfo.InvariantCulture, $"{(from == 0 ? "" : " ")}{values[from]}x{to - from - 1}");
            }

            tests.Append("'\n");
        }
    }

    List<double> Of(string name) => _series.Single(series => series.Key.StartsWith(name, StringComparison.Ordinal)).Value;

    async Task RecordAsync(SimulatedEdge edge, DateTimeOffset begun)
    {
        using var page = new MemoryStream();
        await edge.Registry.CollectAndExportAsTextAsync(page);
        var scrape = new Scrape(Encoding.UTF8.GetString(page.ToArray()));
        foreach (var name in Recorded)
        {
            var value = scrape.Sum(name) - (Times.Contains(name) ? begun.ToUnixTimeSeconds() : 0);
            var source = name == Times[0] ? ", source=\"acme\"" : "";
            var series = $"{name}{{job=\"edge\", instance=\"edge:9180\", host=\"{_host}\"{source}}}";
            if (!_series.TryGetValue(series, out var values)) _series[series] = values = [];
            values.Add(value);
            if (FirstFailure == 0 && value > 0 && name == Recorded[3]) FirstFailure = Hours;
        }
    }
}
