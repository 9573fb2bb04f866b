using System.Globalization;
using System.Text.RegularExpressions;

namespace ImGateway.Testing;

/// <summary>A scrape in Prometheus' text format.</summary>
public sealed partial class Scrape(string text)
{
    readonly List<(string Name, Dictionary<string, string> Labels, double Value)> _samples = [.. Parse(text)];

    /// <summary>Scrapes until the result satisfies <paramref name="condition"/>.</summary>
    /// <exception cref="TimeoutException">It does not: the message holds the last one.</exception>
    public static async Task<Scrape> WaitForAsync(Func<Task<Scrape>> scrape, Func<Scrape, bool> condition, TimeSpan timeout)
    {
        using var limit = new CancellationTokenSource(timeout);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (true)
        {
            var metrics = await scrape();
            if (condition(metrics)) return metrics;
            try
            {
                await timer.WaitForNextTickAsync(limit.Token);
            }
            catch (OperationCanceledException e)
            {
                throw new TimeoutException($"The metrics are not as awaited after {timeout}:\n{metrics}", e);
            }
        }
    }

    /// <summary>The sum of the samples with this name that carry all of <paramref name="labels"/>; 0 if there is none.</summary>
    public double Sum(string name, params (string Name, string Value)[] labels) =>
        _samples.Where(s => s.Name == name && labels.All(l => s.Labels.GetValueOrDefault(l.Name) == l.Value)).Sum(s => s.Value);

    /// <summary>All values that a label takes in samples with this name.</summary>
    public IReadOnlySet<string> Values(string name, string label) =>
        _samples.Where(s => s.Name == name).Select(s => s.Labels.GetValueOrDefault(label) ?? "").ToHashSet();

    /// <summary>The lines of one metric.</summary>
    public string Of(string name) => string.Join('\n', text.Split('\n').Where(line => line.StartsWith(name, StringComparison.Ordinal)));

    public override string ToString() => text;

    static IEnumerable<(string, Dictionary<string, string>, double)> Parse(string text) =>
        from line in text.Split('\n')
        let sample = Sample().Match(line)
        where sample.Success
        select (sample.Groups["name"].Value,
            Label().Matches(sample.Groups["labels"].Value).ToDictionary(l => l.Groups["name"].Value, l => l.Groups["value"].Value),
            double.Parse(sample.Groups["value"].Value.Replace("+Inf", "Infinity"), CultureInfo.InvariantCulture));

    [GeneratedRegex("""^(?<name>[a-z_:][a-z0-9_:]*)(?:\{(?<labels>.*)\})? (?<value>\S+)""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Sample();

    [GeneratedRegex("""(?<name>\w+)="(?<value>(?:[^"\\]|\\.)*)""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Label();
}
