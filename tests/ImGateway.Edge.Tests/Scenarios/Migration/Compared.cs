namespace ImGateway.Edge.Tests.Scenarios.Migration;

/// <summary>What both sides did with the same exchange.</summary>
sealed record Compared(Exchange Exchange, Observation Nginx, Observation Edge)
{
    public IReadOnlyList<Inequality> Inequalities { get; } = Inequality.Between(Nginx, Edge);

    public IReadOnlyList<Inequality> Unexplained => [.. Inequalities.Where(inequality => !Candidates.Any(difference => difference.Explains(inequality)))];

    /// <summary>Those of the exchange that nothing here is due to: they are named for nothing.</summary>
    public IReadOnlyList<Difference> Idle => [.. Exchange.Differences.Where(difference => !Shows(difference))];

    IEnumerable<Difference> Candidates => Exchange.Differences.Concat(Differences.All.Where(difference => difference.Everywhere?.Invoke(Exchange, Nginx, Edge) == true));

    public bool Shows(Difference difference) => Candidates.Contains(difference) && Inequalities.Any(difference.Explains);

    public static async Task<Compared> RunAsync(Exchange exchange, Pair pair)
    {
        if (exchange.IsAlone) return new Compared(exchange, await ObserveAsync(exchange, pair.Nginx), await ObserveAsync(exchange, pair.Edge));
        var (nginx, edge) = (ObserveAsync(exchange, pair.Nginx), ObserveAsync(exchange, pair.Edge));
        return new Compared(exchange, await nginx, await edge);
    }

    static async Task<Observation> ObserveAsync(Exchange exchange, Side side)
    {
        if (exchange.IsAlone) side.Gateway.Take();
        var seen = await exchange.RunAsync(side);
        // nginx names the port that it listens on, where that is not 443.
        seen = seen with { Head = seen.Head.Replace($":{side.Https.Port}/", "/", StringComparison.Ordinal) };
        return exchange.IsAlone ? seen with { Gateway = side.Gateway.Take() } : seen;
    }
}
