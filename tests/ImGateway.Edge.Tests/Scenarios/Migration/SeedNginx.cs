using System.Net;
using System.Runtime.CompilerServices;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Migration;

/// <summary>
/// nginx with the configuration of the guide that the edge replaces (nginx-tls.conf and nginx-reject.conf beside this file), changed only where
/// it has to be to run here: addresses, paths, and the <c>http</c> block around it, without which no nginx takes it.
/// </summary>
static class SeedNginx
{
    /// <summary>nginx 1.26: tests/partners/install.</summary>
    static string Program => Environment.GetEnvironmentVariable("NEW_NGINX") ?? "nginx";

    /// <summary>The text of one of the two files.</summary>
    public static string Text(string name, [CallerFilePath] string file = "") => File.ReadAllText(Path.Combine(Path.GetDirectoryName(file)!, name));

    /// <summary>What <c>nginx -t</c> says of it.</summary>
    public static Task<ToolResult> TestAsync(string directory, string configuration) =>
        ExternalTool.RunAsync(Program, ["-t", "-p", directory, "-c", configuration, "-e", "stderr"]);

    /// <param name="directory">Holds what it needs and leaves behind; <c>www</c> in it is certbot's webroot.</param>
    /// <param name="lines">More of the <c>http</c> block.</param>
    /// <param name="sites">As <see cref="Sites"/> gives them.</param>
    /// <param name="ready">Listens when all do.</param>
    public static async Task<ExternalProcess> StartAsync(string directory, string lines, IEnumerable<string> sites, IPEndPoint ready)
    {
        var main = Path.Combine(directory, "nginx.conf");
        await File.WriteAllTextAsync(main, Wrapped(directory, lines, sites));
        return await ExternalProcess.StartAsync(
            Program, ["-p", directory, "-c", main, "-e", "stderr"], new Dictionary<string, string>(StringComparer.Ordinal), () => ListensAsync(ready));
    }

    /// <summary>The guide's sites at the addresses of <paramref name="side"/>.</summary>
    /// <param name="hour">In place of the hour that WebSockets have.</param>
    /// <param name="rejects">Port 80 as in nginx-reject.conf.</param>
    public static IEnumerable<string> Sites(Side side, Certbot certbot, string hour, bool rejects)
    {
        var plain = $"listen {side.Http};";
        yield return Adapted(
            Text("nginx-tls.conf"),
            ("server im-gateway-service:8080;", $"server {side.Gateway.Address.Authority};", 1),
            ("listen 80;", rejects ? $"listen 127.0.0.1:{FreePort.Next()};" : plain, 1),
            ("listen 443 ssl http2;", $"listen {side.Https} ssl http2;", 1),
            ("/etc/letsencrypt/live/gateway.example.com", certbot.Live, 3),
            ("root /var/www/certbot;", $"root {certbot.Webroot};", 1),
            ("3600s", hour, 2));
        if (rejects) yield return Adapted(Text("nginx-reject.conf"), ("listen 80;", plain, 1), ("root /var/www/certbot;", $"root {certbot.Webroot};", 1));
    }

    /// <exception cref="InvalidOperationException">The text has no such line, or several: it is not the guide's any more.</exception>
    static string Adapted(string text, params (string Line, string Here, int Count)[] changes)
    {
        foreach (var (line, here, count) in changes)
        {
            var found = text.Split(line).Length - 1;
            if (found != count) throw new InvalidOperationException($"'{line}' stands {found} times in the configuration, not {count}");
            text = text.Replace(line, here, StringComparison.Ordinal);
        }

        return text;
    }

    static string Wrapped(string directory, string lines, IEnumerable<string> sites) => $$"""
        daemon off;
        user {{Environment.UserName}};
        worker_processes 1;
        pid {{directory}}/nginx.pid;
        events { }
        http {
            access_log {{directory}}/access.log;
            client_body_temp_path {{directory}}/body;
            proxy_temp_path {{directory}}/proxy;
            fastcgi_temp_path {{directory}}/fastcgi;
            uwsgi_temp_path {{directory}}/uwsgi;
            scgi_temp_path {{directory}}/scgi;
            {{lines}}
        {{string.Join('\n', sites)}}
        }
        """;

    static async Task<bool> ListensAsync(IPEndPoint address)
    {
        try
        {
            using var client = await RawClient.ConnectAsync(address);
            return true;
        }
        catch (System.Net.Sockets.SocketException)
        {
            return false;
        }
    }
}
