using System.Collections.Concurrent;
using System.Globalization;
using ImGateway.Edge.Certificates.Issuance;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tests.Storage;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Schedules;

/// <summary>
/// Whatever the machine's clock shows, by the true time nothing is later than its schedule allows: renewals, retries, requests for renewal
/// information, staples, ticket keys, alerts, refused files. The clock is set forwards and backwards and corrected, the machine is suspended,
/// the process restarts. IMGW_CLOCK_SCRIPTS says how many of them; IMGW_CLOCK_SCRIPT is the one to run alone.
/// </summary>
public sealed class SchedulesOnTheTrueClockTests(ITestOutputHelper output)
{
    const int Steps = 6;

    static readonly int Scripts = Setting("IMGW_CLOCK_SCRIPTS") ?? 2000;

    [Fact]
    public async Task Nothing_is_later_than_its_schedule_allows_however_the_clock_is_set()
    {
        await using var responder = await ScriptedResponder.StartAsync();
        using var oneResponder = new SemaphoreSlim(1, 1);
        var (kept, late) = (new ConcurrentDictionary<string, int>(), new ConcurrentBag<string>());
        var seeds = Setting("IMGW_CLOCK_SCRIPT") is { } only ? [only] : Enumerable.Range(1, Scripts);
        await Parallel.ForEachAsync(seeds, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = TestContext.Current.CancellationToken }, async (seed, _) =>
        {
            var isStaple = seed % 5 == 4;
            if (isStaple) await oneResponder.WaitAsync(CancellationToken.None);
            try
            {
                for (var attempt = 1; ; attempt++)
                {
                    using ScheduleWorld world = (seed % 5) switch
                    {
                        0 or 1 => new AcmeWorld(seed),
                        2 => new SelfSignedWorld(seed),
                        3 => new FileWorld(seed),
                        _ => new StapleWorld(seed, responder),
                    };
                    try
                    {
                        if (await RunAsync(world) is { } problem) late.Add($"script {seed}, {world.GetType().Name}: {problem}");
                    }
                    catch (NullReferenceException e) when (IsRaceOfTestClock(e) && attempt < 3)
                    {
                        continue;
                    }

                    foreach (var (number, duty) in world.Deadlines.Index()) kept.AddOrUpdate($"{world.GetType().Name} {number}", duty.Kept, (_, before) => before + duty.Kept);
                    break;
                }
            }
            finally
            {
                if (isStaple) oneResponder.Release();
            }
        });

        output.WriteLine(string.Join("; ", kept.OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => $"{entry.Key}: {entry.Value}")));
        Assert.True(late.IsEmpty, $"{late.Count} of {Scripts}:\n{string.Join('\n', late.Order(StringComparer.Ordinal).Take(20))}");
        // Each deadline has been checked at least once.
        if (Scripts >= 1000) Assert.DoesNotContain(kept, entry => entry.Value == 0 && entry.Key != $"{nameof(SelfSignedWorld)} 1");
    }

    [Fact]
    public async Task Orders_are_neither_held_up_for_longer_than_a_limit_says_nor_forgotten_by_a_clock_that_was_ahead()
    {
        var host = HostName.Parse("gateway.example.com");
        var (window, most) = (OrderLedger.CertificatesLimit.Window, OrderLedger.CertificatesLimit.Count);
        using var folder = TemporaryDirectory.InMemory();
        using var storage = await Writers.OpenAsync(folder.Path);
        for (var seed = 1; seed <= Scripts; seed++)
        {
            var (random, clock, key) = (new Random(seed), new MachineClock(new DateTimeOffset(2027, 3, 1, 0, 0, 0, TimeSpan.Zero)), $"{seed}.json");
            var (mayBeBehind, corrected, orders) = (random.Next(2) == 0, clock.TrueNow, new List<DateTimeOffset>());
            var budget = new IssuanceBudget(storage, key, clock, (_, _) => { });
            for (var step = 0; step < 30; step++)
            {
                switch (random.Next(5))
                {
                    case 0:
                        clock.Error = random.Next(2) == 0 ? TimeSpan.Zero : Between(random, TimeSpan.FromMinutes(2), TimeSpan.FromDays(730)) * (mayBeBehind && random.Next(2) == 0 ? -1 : 1);
                        corrected = clock.TrueNow;
                        break;
                    case 1:
                        budget = new IssuanceBudget(storage, key, clock, (_, _) => { });
                        break;
                    default:
                        clock.Advance(Between(random, TimeSpan.FromMinutes(1), TimeSpan.FromDays(8)));
                        break;
                }

                var recent = orders.Count(order => order > clock.TrueNow - window);
                var isAllowed = true;
                try
                {
                    await budget.BeginAsync(host, isExempt: false, mayTakeLast: true, CancellationToken.None);
                    orders.Add(clock.TrueNow);
                }
                catch (IssuanceException)
                {
                    isAllowed = false;
                }

                Assert.False(isAllowed && recent >= most && clock.Error == TimeSpan.Zero && !mayBeBehind, $"script {seed}: {recent} orders within {window}, and one more");
                Assert.False(!isAllowed && recent == 0 && clock.TrueNow >= corrected + window, $"script {seed}: not allowed, though the last order was longer than {window} ago");
            }

            File.Delete(folder[key]);
        }
    }

    /// <summary>A timer that is disposed of while FakeTimeProvider advances (github.com/dotnet/extensions/issues/5316): no fault of the product.</summary>
    static bool IsRaceOfTestClock(Exception e) =>
        e is NullReferenceException && e.TargetSite?.DeclaringType?.Assembly == typeof(Microsoft.Extensions.Time.Testing.FakeTimeProvider).Assembly;

    static async Task<string?> RunAsync(ScheduleWorld world)
    {
        List<string> events = [];
        try
        {
            await world.RestartAsync();
            await world.RoundAsync();
            for (var step = 0; step < Steps; step++)
            {
                // 1. Something happens. The loop sees it within a second, as in the program.
                events.Add(await HappenAsync(world));
                world.Clock.Advance(TimeSpan.FromSeconds(1));
                await world.RoundAsync();

                // 2. Time passes.
                var (pause, rounds) = (Between(world.Random, TimeSpan.FromMinutes(1), TimeSpan.FromDays(12)), world.Random.Next(1, 3));
                events.Add($"runs {pause} in {rounds} rounds");
                for (var round = 0; round < rounds; round++)
                {
                    world.Clock.Advance(pause / rounds);
                    await world.RoundAsync();
                }
            }

            return null;
        }
        catch (Exception e) when (!IsRaceOfTestClock(e))
        {
            return $"{(e is MissedDeadlineException ? e.Message : e.ToString())}\n  after: {string.Join(", ", events)}";
        }
    }

    static async Task<string> HappenAsync(ScheduleWorld world)
    {
        switch (world.Random.Next(10))
        {
            case < 3:
                Turn(world);
                return $"clock {world.Clock.Error}";
            case < 6:
                // A machine that boots with another clock.
                Turn(world);
                await world.RestartAsync();
                return $"restarts with clock {world.Clock.Error}";
            case < 8:
                var duration = Between(world.Random, TimeSpan.FromMinutes(1), TimeSpan.FromDays(10));
                world.Clock.Suspend(duration);
                return $"suspended {duration}";
            default:
                await world.DisturbAsync();
                return "is disturbed";
        }
    }

    static void Turn(ScheduleWorld world) => world.Clock.Error = world.Random.Next(2) == 0
        ? TimeSpan.Zero
        : Between(world.Random, TimeSpan.FromMinutes(2), TimeSpan.FromDays(730)) * (world.Random.Next(2) == 0 ? 1 : -1);

    /// <summary>Minutes as likely as hours and days.</summary>
    static TimeSpan Between(Random random, TimeSpan least, TimeSpan most) => least * Math.Pow(most / least, random.NextDouble());

    static int? Setting(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;
}
