using ImGateway.Edge.Configuration;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Migration;

/// <summary>The guide's nginx and the edge of docs/migrate-from-nginx.md answer the same requests alike, but for what that page names.</summary>
public sealed class SideBySideTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Equal_but_for_the_differences_that_the_page_names()
    {
        using var root = TestCa.Create("Migration Root", KeyType.RSA2048);
        using var issuer = root.CreateIntermediate("Migration Intermediate", KeyType.RSA2048);
        using var rsa = issuer.Issue([Side.Host], KeyType.RSA2048);
        using var ecdsa = issuer.Issue([Side.Host], KeyType.P256);
        await using var gateway = Gateway.Start();
        var away = Gateway.Start();
        await using var pair = await Pair.StartAsync(new PairSetup(rsa, gateway));
        await using var other = await Pair.StartAsync(new PairSetup(ecdsa, away, Rejects: true));
        await away.DisposeAsync();

        var slow = TimeExchanges.All().Select(exchange => CompareAsync(exchange, pair)).ToList();
        List<Compared> compared = [];
        foreach (var exchange in Corpus()) compared.Add(await CompareAsync(exchange, pair));
        foreach (var exchange in (IEnumerable<Exchange>)[.. TlsExchanges.Ecdsa(), .. PlainExchanges.Rejecting(), .. AwayExchanges.All()]) compared.Add(await CompareAsync(exchange, other));
        compared.AddRange(await Task.WhenAll(slow));

        Report(compared);
    }

    static IEnumerable<Exchange> Corpus() =>
    [
        .. PathExchanges.All(), .. HeaderExchanges.All(), .. BodyExchanges.All(), .. GatewayExchanges.All(), .. WebSocketExchanges.All(),
        .. PlainExchanges.Redirecting(), .. TlsExchanges.Rsa(), .. Http2Exchanges.All(),
    ];

    void Report(IReadOnlyList<Compared> compared)
    {
        foreach (var one in compared)
        {
            var unexplained = one.Inequalities.Where(inequality => one.Explanation(inequality) is null).ToList();
            if (unexplained.Count > 0) output.WriteLine($"{one.Exchange.Name}\n    {string.Join("\n    ", unexplained)}");
        }

        output.WriteLine($"{compared.Count} exchanges");
    }

    static async Task<Compared> CompareAsync(Exchange exchange, Pair pair)
    {
        var nginx = await ObserveAsync(exchange, pair.Nginx);
        var edge = await ObserveAsync(exchange, pair.Edge);
        return new Compared(exchange, nginx, edge, Inequality.Between(nginx, edge));
    }

    static async Task<Observation> ObserveAsync(Exchange exchange, Side side)
    {
        if (exchange.IsAlone) side.Gateway.Take();
        Observation seen;
        try
        {
            seen = await exchange.RunAsync(side);
        }
        catch (Exception e) when (e is IOException or HttpRequestException or OperationCanceledException)
        {
            seen = new Observation($"failed: {e.GetType().Name} {e.Message}");
        }

        return exchange.IsAlone ? seen with { Gateway = side.Gateway.Take() } : seen;
    }

    sealed record Compared(Exchange Exchange, Observation Nginx, Observation Edge, IReadOnlyList<Inequality> Inequalities)
    {
        public Difference? Explanation(Inequality inequality) =>
            Exchange.Differences.FirstOrDefault(difference => difference.Explains(inequality))
            ?? Differences.All.FirstOrDefault(difference => difference.Everywhere?.Invoke(Exchange, Nginx, Edge) == true && difference.Explains(inequality));
    }
}
