namespace ImGateway.Edge.Tests.Scenarios.Load;

/// <summary>
/// Distinguishes growth from noise: the Theil-Sen slope of the second half of a run, which is the median of the slopes between all pairs of samples and so
/// does not see spikes, times the length of that half. A little is allowed, because pools and caches fill for longer than half a run.
/// </summary>
static class SoakTrend
{
    static readonly (string Name, Func<SoakSample, double> Of, double Share, double Least)[] Watched =
    [
        ("open files", s => s.OpenFiles, 0.10, 10),
        ("resident MB", s => s.ResidentMegabytes, 0.08, 8),
        ("heap MB", s => s.HeapMegabytes, 0.15, 4),
        ("threads", s => s.Threads, 0.15, 4),
        ("timers", s => s.Timers, 0.10, 10),
    ];

    /// <summary>What grew by more than is allowed from the middle of the run to its end, one line each.</summary>
    public static IReadOnlyList<string> Growing(IReadOnlyList<SoakSample> samples)
    {
        var half = samples.Skip(samples.Count / 2).ToList();
        var length = (half[^1].At - half[0].At).TotalSeconds;
        return
        [
            .. from watched in Watched
               let usual = Median([.. half.Select(watched.Of)])
               let growth = Slope(half, watched.Of) * length
               let allowed = Math.Max(watched.Least, usual * watched.Share)
               where growth > allowed
               select $"{watched.Name}: grew by {growth:0.0} over {length:0} s around {usual:0.0}; {allowed:0.0} would be noise",
        ];
    }

    static double Slope(List<SoakSample> samples, Func<SoakSample, double> of)
    {
        var slopes = new List<double>();
        for (var later = 1; later < samples.Count; later++)
        {
            for (var earlier = 0; earlier < later; earlier++)
            {
                slopes.Add((of(samples[later]) - of(samples[earlier])) / (samples[later].At - samples[earlier].At).TotalSeconds);
            }
        }

        return Median(slopes);
    }

    static double Median(List<double> values)
    {
        values.Sort();
        return values[values.Count / 2];
    }
}
