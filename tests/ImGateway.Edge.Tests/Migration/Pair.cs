using System.Net;
using System.Text.Json.Nodes;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Migration;

/// <summary>What both sides of a <see cref="Pair"/> are given.</summary>
/// <param name="Certificate">From certbot, so to speak.</param>
/// <param name="Gateway">Behind both.</param>
/// <param name="Rejects">Port 80 as in "Server-Side Enforcement".</param>
sealed record PairSetup(IssuedCertificate Certificate, Gateway Gateway, bool Rejects = false);

/// <summary>nginx as the guide configures it, and the edge as docs/migrate-from-nginx.md does, with the same certificate before the same gateway.</summary>
sealed class Pair : IAsyncDisposable
{
    // Hours and minutes become seconds for both, in proportion where the page says that they are equal.
    const string Hour = "3600s";
    const string HourHere = "8s";
    const string NginxTimes = "proxy_read_timeout 4s; keepalive_timeout 5s;";
    const string IdleTimeoutHere = "00:00:08";
    const string ActivityTimeoutHere = "00:00:04";

    readonly TemporaryDirectory _directory;
    readonly PartnerProcess _nginx;

    Pair(TemporaryDirectory directory, PartnerProcess nginx, EdgeProcess edge, Side nginxSide)
    {
        (_directory, _nginx, Process, Nginx) = (directory, nginx, edge, nginxSide);
        Edge = new Side("edge", edge.Http, edge.Https, nginxSide.Gateway);
    }

    public Side Nginx { get; }

    public Side Edge { get; }

    public EdgeProcess Process { get; }

    public LogBook NginxLog => _nginx.Log;

    /// <summary>What certbot would have put where nginx looks for it.</summary>
    public static string WebrootFile(string directory) => Path.Combine(directory, "www", ".well-known", "acme-challenge", "token-of-certbot");

    public static async Task<Pair> StartAsync(PairSetup setup)
    {
        var directory = new TemporaryDirectory();
        PartnerProcess? nginx = null;
        try
        {
            var live = directory["live"];
            Directory.CreateDirectory(live);
            await File.WriteAllTextAsync(Path.Combine(live, "fullchain.pem"), setup.Certificate.ChainPem);
            await File.WriteAllTextAsync(Path.Combine(live, "privkey.pem"), setup.Certificate.KeyPem);
            await File.WriteAllTextAsync(Path.Combine(live, "chain.pem"), setup.Certificate.IssuersPem + setup.Certificate.RootPem);
            Directory.CreateDirectory(Path.GetDirectoryName(WebrootFile(directory.Path))!);
            await File.WriteAllTextAsync(WebrootFile(directory.Path), "answer of certbot");

            var side = new Side("nginx", new IPEndPoint(IPAddress.Loopback, FreePort.Next()), new IPEndPoint(IPAddress.Loopback, FreePort.Next()), setup.Gateway);
            nginx = await SeedNginx.StartAsync(directory.Path, NginxTimes, Sites(setup, side, directory), side.Https);
            return new Pair(directory, nginx, await StartEdgeAsync(setup, directory, live), side);
        }
        catch
        {
            if (nginx is not null) await nginx.DisposeAsync();
            directory.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Process.DisposeAsync();
        await _nginx.DisposeAsync();
        _directory.Dispose();
    }

    static IEnumerable<string> Sites(PairSetup setup, Side side, TemporaryDirectory directory)
    {
        var plain = $"listen {side.Http};";
        yield return SeedNginx.Adapted(
            SeedNginx.Text("nginx-tls.conf"),
            ("server im-gateway-service:8080;", $"server {setup.Gateway.Address.Authority};", 1),
            ("listen 80;", setup.Rejects ? $"listen 127.0.0.1:{FreePort.Next()};" : plain, 1),
            ("listen 443 ssl http2;", $"listen {side.Https} ssl http2;", 1),
            ("/etc/letsencrypt/live/gateway.example.com", directory["live"], 3),
            ("root /var/www/certbot;", $"root {directory["www"]};", 1),
            (Hour, HourHere, 2));
        if (!setup.Rejects) yield break;
        yield return SeedNginx.Adapted(
            SeedNginx.Text("nginx-reject.conf"), ("listen 80;", plain, 1), ("root /var/www/certbot;", $"root {directory["www"]};", 1));
    }

    /// <summary>In the order of the page: import certbot's certificate into the store, then start.</summary>
    static async Task<EdgeProcess> StartEdgeAsync(PairSetup setup, TemporaryDirectory directory, string live)
    {
        var edge = new EdgeSetup
        {
            Json = MigrationPage.AppSettings,
            Upstream = setup.Gateway.Address,
            Settings = new Dictionary<string, JsonNode?>(StringComparer.Ordinal)
            {
                ["DataDirectory"] = directory["data"],
                // Nobody is to be asked for certificates by a test.
                ["Acme:Directory"] = "https://127.0.0.1:9/directory",
                ["WebSockets:IdleTimeout"] = IdleTimeoutHere,
                ["PlainHttp:Mode"] = setup.Rejects ? "Reject" : "Redirect",
            },
        };
        edge = edge with { Json = WithActivityTimeout(edge.Json) };
        var config = edge.WriteTo(directory.Path);
        var import = await EdgeVerb.RunAsync(
            "cert", "import", "--cert", Path.Combine(live, "fullchain.pem"), "--key", Path.Combine(live, "privkey.pem"), "--config", config);
        if (import.ExitCode != 0) throw new InvalidOperationException(import.All);
        return await EdgeProcess.StartAsync(edge);
    }

    static string WithActivityTimeout(string json)
    {
        var root = JsonNode.Parse(json)!;
        var request = root["ReverseProxy"]!["Clusters"]!["gateway"]!["HttpRequest"]!;
        if ((string?)request["ActivityTimeout"] != "00:01:00") throw new InvalidOperationException("the page no longer waits a minute for an answer, as nginx does");
        request["ActivityTimeout"] = ActivityTimeoutHere;
        return root.ToJsonString();
    }
}
