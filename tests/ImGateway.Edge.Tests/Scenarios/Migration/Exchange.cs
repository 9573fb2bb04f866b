using System.Text;

namespace ImGateway.Edge.Tests.Scenarios.Migration;

/// <summary>A request to both sides, under the name that docs/migrate-from-nginx.md gives it.</summary>
/// <param name="Name">As the page writes it.</param>
/// <param name="RunAsync">Does it to one side.</param>
/// <param name="Differences">Those that explain what is unequal here, besides those that hold everywhere.</param>
sealed record Exchange(string Name, Func<Side, Task<Observation>> RunAsync, IReadOnlyList<Difference> Differences)
{
    /// <summary>Whether what the gateway got in the meantime is of this exchange: not where it runs beside others.</summary>
    public bool IsAlone { get; init; } = true;

    public Exchange Shows(params Difference[] differences) => this with { Differences = [.. Differences, .. differences] };

    /// <summary>An answer of which only the beginning came: how much of it still reaches the client is a matter of moments.</summary>
    public Exchange BreaksOff() => this with
    {
        RunAsync = async side => await RunAsync(side) is { Status: "closed" } or { Framing: "length, cut, kept" or "chunks, cut, kept" } ? new Observation("cut") : new Observation("not cut"),
    };

    public static Exchange Of(string name, Func<Side, Task<Observation>> run) => new(name, run, []);

    /// <summary>One HTTP/1.1 request to port 443 with the usual Host header, unless a header says otherwise.</summary>
    /// <param name="line">Method and target, and the version where it is another.</param>
    /// <param name="headers">A <c>Host</c> among them replaces the usual one.</param>
    public static Exchange Request(string line, params string[] headers) => Request(line, plain: false, body: "", headers);

    public static Exchange Post(string line, string body, params string[] headers) => Request(line, plain: false, body, headers);

    /// <summary>To port 80.</summary>
    public static Exchange Plain(string line, params string[] headers) => Request(line, plain: true, body: "", headers);

    /// <summary>These bytes and no others.</summary>
    public static Exchange Raw(string name, string request, bool plain = false) => Of(name, side => side.ExchangeAsync(request, plain));

    static Exchange Request(string line, bool plain, string body, string[] headers)
    {
        var parts = line.Split(' ');
        var head = new StringBuilder(line.Contains(" HTTP/", StringComparison.Ordinal) ? line : $"{line} HTTP/1.1").Append("\r\n");
        if (!headers.Any(header => header.StartsWith("Host", StringComparison.OrdinalIgnoreCase))) head.Append($"Host: {Side.Host}\r\n");
        foreach (var header in headers.Where(header => header != NoHost)) head.Append(header).Append("\r\n");
        if (body.Length > 0 && !headers.Any(header => header.StartsWith("Transfer-Encoding", StringComparison.OrdinalIgnoreCase))) head.Append($"Content-Length: {body.Length}\r\n");
        head.Append("\r\n").Append(body);
        var shown = string.Join(", ", headers.Select(header => $"`{Shortened(header)}`").Prepend($"`{parts[0]} {Shortened(string.Join(' ', parts[1..]))}`"));
        return Raw($"{(plain ? "Port 80: " : "")}{shown}{(body.Length > 0 ? $", {body.Length} bytes" : "")}", head.ToString(), plain);
    }

    /// <summary>In place of a header: none is sent.</summary>
    public const string NoHost = "Host left out";

    static string Shortened(string text) => text.Length <= 120 ? text : $"{text[..20]}… ({text.Length})";
}
