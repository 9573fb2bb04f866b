using System.Net;
using System.Text.Json.Nodes;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Migration;

/// <summary>What both sides of a <see cref="Pair"/> are given.</summary>
/// <param name="Certificate">From certbot, so to speak.</param>
/// <param name="Gateway">Behind both.</param>
/// <param name="Rejects">Port 80 as in "Server-Side Enforcement".</param>
sealed record PairSetup(IssuedCertificate Certificate, Gateway Gateway, bool Rejects = false);

/// <summary>nginx as the guide configures it, and the edge as docs/migrate-from-nginx.md does, with the same certificate before the same gateway.</summary>
sealed class Pair : IAsyncDisposable
{
    // Hours and minutes become seconds for both, in proportion where the page says that they are equal.
    const string HourHere = "11s";
    const string NginxTimes = "proxy_read_timeout 6s; keepalive_timeout 5s;";
    const string IdleTimeoutHere = "00:00:11";
    const string ActivityTimeoutHere = "00:00:06";

    readonly Certbot _certbot;
    readonly ExternalProcess _nginx;
    readonly EdgeProcess _edge;

    Pair(Certbot certbot, ExternalProcess nginx, EdgeProcess edge, Side nginxSide)
    {
        (_certbot, _nginx, _edge, Nginx) = (certbot, nginx, edge, nginxSide);
        Edge = new Side("edge", edge.Http, edge.Https, nginxSide.Gateway);
    }

    public Side Nginx { get; }

    public Side Edge { get; }

    public static async Task<Pair> StartAsync(PairSetup setup)
    {
        var certbot = await Certbot.CreateAsync(setup.Certificate);
        ExternalProcess? nginx = null;
        try
        {
            var side = new Side("nginx", new IPEndPoint(IPAddress.Loopback, FreePort.Next()), new IPEndPoint(IPAddress.Loopback, FreePort.Next()), setup.Gateway);
            nginx = await SeedNginx.StartAsync(certbot.Path, NginxTimes, SeedNginx.Sites(side, certbot, HourHere, setup.Rejects), side.Https);
            return new Pair(certbot, nginx, await StartEdgeAsync(setup, certbot), side);
        }
        catch
        {
            if (nginx is not null) await nginx.DisposeAsync();
            certbot.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _edge.DisposeAsync();
        await _nginx.DisposeAsync();
        _certbot.Dispose();
    }

    /// <summary>In the order of the page: import certbot's certificate into the store, then start.</summary>
    static async Task<EdgeProcess> StartEdgeAsync(PairSetup setup, Certbot certbot)
    {
        var edge = SetupOf(setup, certbot);
        await certbot.ImportAsync(edge);
        return await EdgeProcess.StartAsync(edge);
    }

    static EdgeSetup SetupOf(PairSetup setup, Certbot certbot) => new()
    {
        Json = WithActivityTimeout(MigrationPage.AppSettings),
        Upstream = setup.Gateway.Address,
        Settings = new Dictionary<string, JsonNode?>(StringComparer.Ordinal)
        {
            ["DataDirectory"] = certbot.Store,
            // A test must not order certificates from a public CA.
            ["Acme:Directory"] = "https://127.0.0.1:9/directory",
            ["WebSockets:IdleTimeout"] = IdleTimeoutHere,
            ["PlainHttp:Mode"] = setup.Rejects ? "Reject" : "Redirect",
        },
    };

    static string WithActivityTimeout(string json)
    {
        var root = JsonNode.Parse(json)!;
        var request = root["ReverseProxy"]!["Clusters"]!["gateway"]!["HttpRequest"]!;
        if ((string?)request["ActivityTimeout"] != "00:01:00") throw new InvalidOperationException("the page no longer waits a minute for an answer, as nginx does");
        request["ActivityTimeout"] = ActivityTimeoutHere;
        return root.ToJsonString();
    }
}
