using System.Globalization;

namespace ImGateway.Edge.Tests.Certificates.Issuance;

/// <summary>
/// Random scripts of faults, outages and restarts. CI runs sixty; <c>tests/long/faults</c> runs thousands, as IMGW_FAULT_SCRIPTS says.
/// </summary>
public sealed class FaultScriptTests(ITestOutputHelper output)
{
    static readonly DateTimeOffset Start = new(2027, 3, 1, 0, 0, 0, TimeSpan.Zero);
    static readonly double[] LifetimeDays = [6.67, 45, 64, 90];

    static readonly Func<OrderFault?>[] Faults =
    [
        () => null, OrderFault.Unreachable, () => OrderFault.ServerError(), OrderFault.FailedValidation, OrderFault.RateLimited, OrderFault.ResponseLost, OrderFault.Unexpected,
    ];

    static readonly int Scripts = int.Parse(Environment.GetEnvironmentVariable("IMGW_FAULT_SCRIPTS") ?? "60", CultureInfo.InvariantCulture);

    [Fact]
    public async Task No_certificate_expires_while_its_CA_can_be_had_no_limit_is_hit_and_nothing_is_ordered_in_vain()
    {
        var (issued, swaps, lost, orders, failures) = (0, 0, 0, 0, 0);
        for (var seed = 1; seed <= Scripts; seed++)
        {
            var script = new Script(seed);
            using var edge = new SimulatedEdge(Start, seed);
            await RunAsync(edge, script);
            Assert.True(edge.Ca.LimitHits.Count == 0, $"script {seed}: {string.Join("; ", edge.Ca.LimitHits)}");
            (issued, swaps, lost, orders, failures) =
                (issued + edge.Ca.Issued.Count, swaps + edge.Swaps, lost + edge.Ca.ResponsesLost, orders + edge.Ca.Orders.Count, failures + edge.Ca.OrdersFailed);
        }

        output.WriteLine($"{Scripts} scripts: {orders} orders, {failures} of them failed by the CA, {issued} certificates, {swaps} served");
        // What was issued is served, unless the CA's answer was lost; and nothing is ordered twice.
        Assert.Equal(issued, swaps + lost);
        Assert.InRange(orders, 0, (swaps + failures) * 1.05);
    }

    static async Task RunAsync(SimulatedEdge edge, Script script)
    {
        edge.Ca.Lifetime = script.Lifetime;
        edge.Ca.HasRenewalInfo = script.HasRenewalInfo;
        edge.Ca.NextFault = script.NextFault;
        var step = script.Lifetime / 300;
        DateTimeOffset? availableSince = Start;
        // Until the first certificate.
        while (edge.Served is null) await edge.PassAsync(TimeSpan.FromMinutes(5));

        for (var end = Start + script.Lifetime * script.Lives; edge.Time.GetUtcNow() < end;)
        {
            script.At(edge.Time.GetUtcNow(), edge.Ca);
            var now = edge.Time.GetUtcNow();
            if (!edge.Ca.IsUp || script.IsFaulty) availableSince = null;
            else availableSince ??= now;
            if (script.Restarts()) await edge.RestartAsync();
            await edge.PassAsync(step);

            var served = edge.Served!;
            if (served.NotAfter > edge.Time.GetUtcNow()) continue;
            var lastThird = served.NotAfter - (served.NotAfter - served.NotBefore) / 3;
            Assert.False(
                availableSince is { } since && since <= lastThird,
                $"script {script.Seed}: the certificate expired at {served.NotAfter:u} though the CA could be had since {availableSince:u}");
        }
    }

    /// <summary>What goes wrong, and when; derived from the seed.</summary>
    sealed class Script
    {
        readonly Random _random;
        readonly double _faultRate, _outageRate, _restartRate;
        DateTimeOffset _outageEnds, _faultsEnd;

        public Script(int seed)
        {
            Seed = seed;
            _random = new Random(seed);
            Lifetime = TimeSpan.FromDays(LifetimeDays[_random.Next(LifetimeDays.Length)]);
            Lives = _random.Next(1, 5);
            HasRenewalInfo = _random.NextDouble() < 0.7;
            _faultRate = _random.NextDouble() * 0.02;
            _outageRate = _random.NextDouble() * 0.01;
            _restartRate = _random.NextDouble() * 0.05;
        }

        public int Seed { get; }

        public TimeSpan Lifetime { get; }

        public int Lives { get; }

        public bool HasRenewalInfo { get; }

        public bool IsFaulty { get; private set; }

        /// <summary>Outages and periods of faults begin and end.</summary>
        public void At(DateTimeOffset now, SimulatedCa ca)
        {
            if (now >= _outageEnds && _random.NextDouble() < _outageRate) _outageEnds = now + Lifetime * _random.NextDouble() * 0.9;
            if (now >= _faultsEnd && _random.NextDouble() < _faultRate) _faultsEnd = now + Lifetime * _random.NextDouble() * 0.9;
            ca.IsUp = now >= _outageEnds;
            ca.RenewalInfo = now < _faultsEnd && _random.Next(2) == 0 ? _ => throw new HttpRequestException("ca.test: connection refused") : null;
            IsFaulty = now < _faultsEnd;
        }

        public bool Restarts() => _random.NextDouble() < _restartRate;

        public OrderFault? NextFault() => IsFaulty ? Faults[_random.Next(Faults.Length)]() : null;
    }
}
