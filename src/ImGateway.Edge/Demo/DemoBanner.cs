using ImGateway.Edge.Configuration;
using Spectre.Console;

namespace ImGateway.Edge.Demo;

/// <summary>What to do next, in lines to paste.</summary>
sealed class DemoBanner(IAnsiConsole console)
{
    public void Show(EdgeOptions options, bool builtIn)
    {
        // A line that the console wraps cannot be pasted.
        console.Profile.Width = 4096;
        var https = $"https://localhost:{DemoOptions.HttpsPort}";
        var wss = $"wss://localhost:{DemoOptions.HttpsPort}/ws";
        var ca = ShellWord.Of(DemoOptions.CaFile(options));

        console.WriteLine();
        console.MarkupLineInterpolated($"[bold]ImGateway Edge demo[/], in front of {(builtIn ? "the built-in gateway" : options.Upstreams[0].ToString())}");
        console.WriteLine();
        Fact("page", $"{https}/");
        Fact("WebSocket", $"{wss}  (echo; ?room=NAME is a chat)");
        Fact("API", $"{https}/api/echo");
        Fact("plain HTTP", $"http://localhost:{DemoOptions.HttpPort}/  (redirects)");
        Fact("status", $"http://localhost:{DemoOptions.ManagementPort}/");
        Fact("metrics", $"http://localhost:{DemoOptions.ManagementPort}/metrics");
        Fact("CA file", DemoOptions.CaFile(options));
        console.WriteLine();
        console.MarkupLine("[dim]Paste into another terminal:[/]");
        Line($"curl --cacert {ca} {https}/api/time");
        Line($"wscat --ca {ca} -c {wss}");
        Line($"openssl s_client -connect localhost:{DemoOptions.HttpsPort} -servername localhost -CAfile {ca} </dev/null");
        Line($"curl http://localhost:{DemoOptions.ManagementPort}/readyz");
        console.WriteLine();
        console.MarkupLine("[dim]Ctrl+C stops.[/]");
    }

    void Fact(string name, string value) => console.MarkupLineInterpolated($"  [dim]{name,-10}[/]  [blue]{value}[/]");

    void Line(string command) => console.MarkupLineInterpolated($"  {command}");
}
