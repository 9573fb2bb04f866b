using System.Globalization;
using System.Text;

namespace ImGateway.Edge.Tests.Scenarios.Migration;

/// <summary>Reads HTTP/1 responses from a stream, well-formed or not, and reports how the stream ended.</summary>
sealed class AnswerReader(Stream stream, CancellationToken cancellationToken)
{
    readonly byte[] _buffer = new byte[64 * 1024];
    int _start;
    int _end;

    /// <summary>The next answer, interim ones among its notes.</summary>
    public async Task<Observation> ReadAsync(bool isHead = false)
    {
        var notes = new List<string>();
        while (true)
        {
            var head = await ReadHeadAsync();
            if (head.Length == 0) return new Observation("closed") { Notes = notes };
            if (!head.StartsWith("HTTP/1.", StringComparison.Ordinal)) return new Observation("no HTTP") { Body = head + await ReadToEndAsync(), Notes = notes };
            var status = head.Substring(9, 3);
            if (status[0] == '1' && status != "101")
            {
                notes.Add(status);
                continue;
            }

            var (body, framing) = isHead || status is "101" or "204" or "304" ? ("", "no body") : await ReadBodyAsync(head);
            var kept = status == "101" || framing == "until the end" ? "" : Value(head, "Connection").Equals("close", StringComparison.OrdinalIgnoreCase) ? ", close" : ", kept";
            return new Observation(status) { Head = head, Body = body, Framing = framing + kept, Notes = notes };
        }
    }

    /// <summary>As many bytes as come before the end, at most this many.</summary>
    public async Task<string> ReadAsync(int count)
    {
        var text = new StringBuilder();
        while (text.Length < count && await NextAsync() is >= 0 and var next) text.Append((char)next);
        return text.ToString();
    }

    public async Task<string> ReadToEndAsync()
    {
        var text = new StringBuilder();
        while (await NextAsync() is >= 0 and var next) text.Append((char)next);
        return text.ToString();
    }

    /// <summary>A body in chunks, with its trailers behind it; null if it breaks off.</summary>
    public async Task<string?> ReadChunkedAsync() => await ReadChunksAsync() switch
    {
        (_, "chunks, cut") => null,
        (var body, "chunks") => body,
        var (body, framing) => $"{body} ({framing})",
    };

    async Task<string> ReadHeadAsync()
    {
        var head = new StringBuilder();
        while (await NextAsync() is >= 0 and var next)
        {
            head.Append((char)next);
            if (next == '\n' && head.Length >= 4 && head[^2] == '\r' && head[^3] == '\n' && head[^4] == '\r') break;
        }

        return head.ToString();
    }

    async Task<(string Body, string Framing)> ReadBodyAsync(string head)
    {
        if (Value(head, "Transfer-Encoding").Length > 0) return await ReadChunksAsync();
        if (Value(head, "Content-Length") is not { Length: > 0 } length) return (await ReadToEndAsync(), "until the end");
        var expected = int.Parse(length, CultureInfo.InvariantCulture);
        var body = await ReadAsync(expected);
        return (body, body.Length == expected ? "length" : "length, cut");
    }

    async Task<(string Body, string Framing)> ReadChunksAsync()
    {
        var body = new StringBuilder();
        while (true)
        {
            var line = await ReadLineAsync();
            if (line is null || !int.TryParse(line.Split(';')[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var size)) return (body.ToString(), "chunks, cut");
            if (size == 0) break;
            body.Append(await ReadAsync(size));
            await ReadLineAsync();
        }

        var trailers = new List<string>();
        while (await ReadLineAsync() is { Length: > 0 } trailer) trailers.Add(trailer);
        return (body.ToString(), trailers.Count == 0 ? "chunks" : $"chunks, {string.Join(", ", trailers)}");
    }

    async Task<string?> ReadLineAsync()
    {
        var line = new StringBuilder();
        while (await NextAsync() is >= 0 and var next)
        {
            if (next == '\n') return line.ToString().TrimEnd('\r');
            line.Append((char)next);
        }

        return null;
    }

    async ValueTask<int> NextAsync()
    {
        if (_start == _end)
        {
            try
            {
                (_start, _end) = (0, await stream.ReadAsync(_buffer, cancellationToken));
            }
            catch (IOException)
            {
                // A reset is an end too.
                _end = 0;
            }

            if (_end == 0) return -1;
        }

        return _buffer[_start++];
    }

    static string Value(string head, string name) =>
        head.Split("\r\n").Skip(1).FirstOrDefault(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))?[(name.Length + 1)..].Trim() ?? "";
}
