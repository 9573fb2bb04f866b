namespace ImGateway.Edge.Tests.Scenarios.Load;

public sealed class SoakTrendTests
{
    [Fact]
    public void A_leak_of_one_file_in_ten_seconds_is_found_in_a_quarter_of_an_hour()
    {
        var growing = SoakTrend.Growing(Run(second => 200 + second / 10));

        Assert.StartsWith("open files: grew by", Assert.Single(growing), StringComparison.Ordinal);
    }

    [Fact]
    public void What_grew_before_the_middle_is_no_trend() => Assert.Empty(SoakTrend.Growing(Run(second => Math.Min(second, 400))));

    [Fact]
    public void Spikes_at_the_end_are_no_trend() => Assert.Empty(SoakTrend.Growing(Run(second => second > 800 ? 5000 : 200)));

    [Fact]
    public void Noise_is_no_trend()
    {
        var random = new Random(1);

        Assert.Empty(SoakTrend.Growing(Run(_ => random.Next(150, 250))));
    }

    static List<SoakSample> Run(Func<double, double> openFiles) =>
        [.. from i in Enumerable.Range(0, 450) let second = i * 2d select new SoakSample(TimeSpan.FromSeconds(second), openFiles(second), 120, 20, 30, 40, 100)];
}
