using System.Net;

namespace ImGateway.Testing;

/// <summary>Debian's tinyproxy as the forward proxy of a company, on a port of loopback, until disposed of.</summary>
public sealed class TinyProxy : IAsyncDisposable
{
    readonly ExternalProcess _process;
    readonly TemporaryDirectory _files;

    TinyProxy(ExternalProcess process, TemporaryDirectory files, IPEndPoint address) => (_process, _files, Address) = (process, files, address);

    public IPEndPoint Address { get; }

    public Uri Url => new($"http://{Address}");

    /// <summary>The requests that it has had: <c>CONNECT host:port HTTP/1.1</c>, <c>GET http://host:port/path HTTP/1.1</c>.</summary>
    public IReadOnlyList<string> Requests =>
        [.. _process.Log.Lines.Select(line => line.Text.Split("): ", 2)).Where(parts => parts is [var what, _] && what.Contains("Request (file descriptor", StringComparison.Ordinal)).Select(parts => parts[1])];

    /// <summary>Returns when it has had a request with this text.</summary>
    public Task WaitForRequestAsync(string text) => _process.Log.WaitForAsync(
        line => line.Text.Contains("Request (file descriptor", StringComparison.Ordinal) && line.Text.Contains(text, StringComparison.Ordinal), TimeSpan.FromSeconds(30));

    /// <param name="user">Of the only one that it lets connect; null = it lets everyone connect.</param>
    public static async Task<TinyProxy> StartAsync(string? user = null, string? password = null)
    {
        var files = new TemporaryDirectory();
        var address = new IPEndPoint(IPAddress.Loopback, FreePort.Next());
        try
        {
            string[] lines =
            [
                $"Port {address.Port}", $"Listen {address.Address}", "Allow 127.0.0.1", "LogLevel Info", "MaxClients 50", "Timeout 60",
                .. user is null ? (string[])[] : [$"BasicAuth {user} {password}"],
            ];
            await File.WriteAllLinesAsync(files["tinyproxy.conf"], lines);
            var process = await ExternalProcess.StartAsync(
                ExternalTool.TinyProxy, ["-d", "-c", files["tinyproxy.conf"]], new Dictionary<string, string>(), () => ExternalProcess.ConnectsAsync(address));
            return new TinyProxy(process, files, address);
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _files.Dispose();
    }
}
