using System.Net;
using System.Runtime.CompilerServices;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Migration;

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
        PartnerTool.RunAsync(Program, ["-t", "-p", directory, "-c", configuration, "-e", "stderr"]);

    /// <param name="directory">Holds what it needs and leaves behind; <c>www</c> in it is certbot's webroot.</param>
    /// <param name="times">Lines of the <c>http</c> block, for what would take too long here.</param>
    /// <param name="sites">Configurations that <see cref="Adapted"/> made.</param>
    /// <param name="ready">Listens when all do.</param>
    public static async Task<PartnerProcess> StartAsync(string directory, string times, IEnumerable<string> sites, IPEndPoint ready)
    {
        var main = Path.Combine(directory, "nginx.conf");
        await File.WriteAllTextAsync(main, Wrapped(directory, times, sites));
        return await PartnerProcess.StartAsync(
            Program, ["-p", directory, "-c", main, "-e", "stderr"], new Dictionary<string, string>(StringComparer.Ordinal), () => ListensAsync(ready));
    }

    /// <exception cref="InvalidOperationException">The text has no such line, or several: it is not the guide's any more.</exception>
    public static string Adapted(string text, params (string Line, string Here, int Count)[] changes)
    {
        foreach (var (line, here, count) in changes)
        {
            var found = text.Split(line).Length - 1;
            if (found != count) throw new InvalidOperationException($"'{line}' stands {found} times in the configuration, not {count}");
            text = text.Replace(line, here, StringComparison.Ordinal);
        }

        return text;
    }

    static string Wrapped(string directory, string times, IEnumerable<string> sites) => $$"""
        daemon off;
        master_process off;
        pid {{directory}}/nginx.pid;
        events { }
        http {
            access_log {{directory}}/access.log;
            client_body_temp_path {{directory}}/body;
            proxy_temp_path {{directory}}/proxy;
            fastcgi_temp_path {{directory}}/fastcgi;
            uwsgi_temp_path {{directory}}/uwsgi;
            scgi_temp_path {{directory}}/scgi;
            {{times}}
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
