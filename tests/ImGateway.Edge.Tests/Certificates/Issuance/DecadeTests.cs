namespace ImGateway.Edge.Tests.Certificates.Issuance;

/// <summary>Ten years before a CA as Let's Encrypt has announced to be: 90, 64, then 45 days; and as CAs are.</summary>
public sealed class DecadeTests
{
    static readonly DateTimeOffset Start = new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero);
    static readonly DateTimeOffset SixtyFourDays = new(2027, 2, 10, 0, 0, 0, TimeSpan.Zero);
    static readonly DateTimeOffset FortyFiveDays = new(2028, 2, 16, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, false)]
    public async Task Ten_years_pass_without_an_expired_certificate_or_a_limit_hit(int seed, bool hasRenewalInfo)
    {
        using var edge = new SimulatedEdge(Start, seed);
        var ca = edge.Ca;
        ca.HasRenewalInfo = hasRenewalInfo;
        var random = new Random(seed);
        var (step, end) = (TimeSpan.FromHours(2), Start.AddYears(10));
        var (outage, incident, quarter) = (Within(random, Start), Within(random, Start), Start.AddMonths(3));
        var incidents = 0;
        // The first second sees the first order; a certificate is there from then on.
        await edge.PassAsync(TimeSpan.FromSeconds(1));

        while (edge.Time.GetUtcNow() < end)
        {
            var now = edge.Time.GetUtcNow();
            ca.Lifetime = TimeSpan.FromDays(now < SixtyFourDays ? 90 : now < FortyFiveDays ? 64 : 45);
            if (now >= quarter)
            {
                ca.ChangeIntermediate();
                quarter = quarter.AddMonths(3);
            }

            ca.IsUp = now < outage || now >= outage.AddDays(2);
            if (now >= outage.AddDays(2)) outage = Within(random, outage.AddYears(1));
            if (now >= incident)
            {
                ca.Withdrawn.Add(edge.Served!.SerialNumber);
                incident = Within(random, incident.AddYears(1));
                incidents++;
            }

            await edge.PassAsync(step);
            Assert.True(edge.Served is { } served && served.NotAfter > edge.Time.GetUtcNow(), $"nothing valid is served at {edge.Time.GetUtcNow():u}");
        }

        Assert.Empty(ca.LimitHits);
        Assert.Equal(ca.Issued.Count, edge.Swaps);
        // Each certificate is used for about two thirds of its life, but those that the CA has withdrawn.
        var days = (SixtyFourDays - Start).TotalDays / 90 + (FortyFiveDays - SixtyFourDays).TotalDays / 64 + (end - FortyFiveDays).TotalDays / 45;
        Assert.InRange(ca.Issued.Count, days * 1.4, days * 1.6 + (hasRenewalInfo ? incidents : 0));
    }

    static DateTimeOffset Within(Random random, DateTimeOffset year) =>
        new DateTimeOffset(year.Year, 1, 1, 0, 0, 0, TimeSpan.Zero).AddDays(30 + random.Next(300)) is var day && day > year ? day : day.AddYears(1);
}
