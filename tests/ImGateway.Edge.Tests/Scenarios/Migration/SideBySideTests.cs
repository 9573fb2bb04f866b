using System.Net;
using ImGateway.Edge.Configuration;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Migration;

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
        var port = FreePort.Next();
        var away = Gateway.Start(port);
        await using var pair = await Pair.StartAsync(new PairSetup(rsa, gateway));
        await using var other = await Pair.StartAsync(new PairSetup(ecdsa, away, Rejects: true));
        await away.DisposeAsync();

        // 1. Where the gateway is away, and the other certificate and port 80; then the same gateway is silent.
        List<Compared> compared = [];
        foreach (var exchange in (IEnumerable<Exchange>)[.. TlsExchanges.Ecdsa(), .. PlainExchanges.Rejecting(), .. UnavailableGatewayExchanges.All()]) compared.Add(await Compared.RunAsync(exchange, other));
        using var silent = await SilentListener.StartAsync(new IPEndPoint(IPAddress.Loopback, port));

        // 2. What takes time, beside all others one after the other.
        List<Task<Compared>> slow = [Compared.RunAsync(UnavailableGatewayExchanges.Silent(), other), .. TimeExchanges.All().Select(exchange => Compared.RunAsync(exchange, pair))];
        foreach (var exchange in Corpus()) compared.Add(await Compared.RunAsync(exchange, pair));
        compared.AddRange(await Task.WhenAll(slow));
        output.WriteLine($"{compared.Count} exchanges, {compared.Count(one => one.Exchange.Differences.Count == 0)} of them equal but for what holds everywhere");

        // 3. Each inequality belongs to a named difference, and each difference occurs wherever the page says, as the page says.
        string[] mistakes =
        [
            .. from one in compared where one.Unexplained.Count > 0 select $"{one.Exchange.Name}: not named\n    {string.Join("\n    ", one.Unexplained)}",
            .. from one in compared from idle in one.Idle select $"{one.Exchange.Name} does not show '{idle}'",
            .. from title in Differences.All.Select(difference => difference.Title).Except(MigrationPage.Differences.Select(named => named.Title)) select $"not on the page: {title}",
            .. from named in MigrationPage.Differences let mistake = MistakeOf(named, compared) where mistake is not null select $"{named.Number}. {named.Title}: {mistake}",
        ];
        Assert.True(mistakes.Length == 0, string.Join('\n', mistakes));
        Assert.Equal(Enumerable.Range(1, MigrationPage.Differences.Count), MigrationPage.Differences.Select(named => named.Number));
    }

    [Fact]
    public void Every_line_of_the_configuration_is_in_the_table()
    {
        var lines = from file in (string[])["nginx-tls.conf", "nginx-reject.conf"]
                    from line in SeedNginx.Text(file).Split('\n')
                    let directive = line.Split("#")[0].Trim().TrimEnd('{').Trim()
                    where directive is not ("" or "}" or "server")
                    select directive;

        Assert.Empty(lines.Except(MigrationPage.Directives));
    }

    [Fact]
    public async Task As_it_stands_in_the_guide_nginx_does_not_take_it()
    {
        using var directory = new TemporaryDirectory();
        await File.WriteAllTextAsync(directory["nginx.conf"], SeedNginx.Text("nginx-tls.conf"));

        var result = await SeedNginx.TestAsync(directory.Path, directory["nginx.conf"]);

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("\"upstream\" directive is not allowed here", result.All);
    }

    static IEnumerable<Exchange> Corpus() =>
    [
        .. PathExchanges.All(), .. HeaderExchanges.All(), .. BodyExchanges.All(), .. GatewayExchanges.All(), .. WebSocketExchanges.All(),
        .. PlainExchanges.Redirecting(), .. TlsExchanges.Rsa(), .. Http2Exchanges.All(),
    ];

    /// <summary>What the page says and is not so; null if all is.</summary>
    static string? MistakeOf(NamedDifference named, IReadOnlyList<Compared> compared)
    {
        if (Differences.All.FirstOrDefault(difference => difference.Title == named.Title) is not { } difference) return "the test knows of none";
        if (compared.FirstOrDefault(one => one.Exchange.Name == named.Request) is not { } shown) return $"no exchange is called {named.Request}";
        if (!shown.Shows(difference)) return $"{named.Request} does not show it";
        var (nginx, edge) = (MigrationPage.Quoted(named.Nginx).ToList(), MigrationPage.Quoted(named.Edge).ToList());
        if (nginx.Find(text => !shown.Nginx.Says(text)) is { } notOfNginx) return $"nginx does not say {notOfNginx}:\n{shown.Nginx}";
        if (edge.Find(text => !shown.Edge.Says(text)) is { } notOfEdge) return $"the edge does not say {notOfEdge}:\n{shown.Edge}";
        return nginx.Exists(text => !shown.Edge.Says(text)) || edge.Exists(text => !shown.Nginx.Says(text)) ? null : "what is quoted is the same of both";
    }
}
