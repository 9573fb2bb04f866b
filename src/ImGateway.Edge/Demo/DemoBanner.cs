using ImGateway.Edge.Configuration;
using Spectre.Console;

namespace ImGateway.Edge.Demo;

/// <summary>Prints the next steps as commands to paste.</summary>
sealed class DemoBanner(IAnsiConsole console)
{
    public void Show(EdgeOptions options, DemoPorts ports, IReadOnlyList<string> notes, bool builtIn)
    {
        // Not by Spectre.Console, which wraps long lines: a wrapped command cannot be pasted.
        console.Profile.Width = 4096;
        var https = $"https://localhost:{ports.Https}";
        var wss = $"wss://localhost:{ports.Https}/ws";
        var ca = ShellQuoting.Quote(DemoOptions.CaFile(options));

        console.WriteLine();
        console.MarkupLineInterpolated($"[bold]ImGateway Edge demo[/], in front of {(builtIn ? "the built-in gateway" : options.Upstreams[0].ToString())}");
        console.WriteLine();
        Fact("page", $"{https}/");
        Fact("WebSocket", $"{wss}  (echo; ?room=NAME is a chat)");
        Fact("API", $"{https}/api/echo");
        Fact("plain HTTP", $"http://localhost:{ports.Http}/  (redirects)");
        Fact("status", $"http://localhost:{ports.Management}/");
        Fact("metrics", $"http://localhost:{ports.Management}/metrics");
        Fact("CA file", DemoOptions.CaFile(options));
        foreach (var note in notes) Fact("note", note);
        console.WriteLine();
        console.MarkupLine("[dim]Paste into another terminal:[/]");
        Line($"curl --cacert {ca} {https}/api/time");
        Line($"wscat --ca {ca} -c {wss}");
        Line($"openssl s_client -connect localhost:{ports.Https} -servername localhost -CAfile {ca} </dev/null");
        Line($"curl http://localhost:{ports.Management}/readyz");
        console.WriteLine();
        console.MarkupLine("[dim]Ctrl+C stops.[/]");
    }

    void Fact(string name, string value) => console.MarkupLineInterpolated($"  [dim]{name,-10}[/]  [blue]{value}[/]");

    void Line(string command) => console.MarkupLineInterpolated($"  {command}");
}
