using System.Collections.Concurrent;
using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ImGateway.Testing;

/// <summary>A request as a strict reader understood it (Latin-1). A body in chunks is given without their framing.</summary>
public sealed record StrictRequest(string Head, string Body)
{
    public string Line => Head[..Head.IndexOf("\r\n", StringComparison.Ordinal)];

    public IReadOnlyList<string> Values(string name) => new RawResponse(Head, "").Values(name);
}

/// <summary>
/// An upstream that reads by the letter of RFC 9112 and complains of everything else, so that a test sees what a smuggled request would
/// have become. Answers each request with 200, or as scripted.
/// </summary>
public sealed class StrictUpstream : IAsyncDisposable
{
    const string Hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

    readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    readonly CancellationTokenSource _stop = new();
    readonly ConcurrentQueue<StrictRequest> _requests = new();
    readonly ConcurrentQueue<string> _complaints = new();
    readonly ConcurrentBag<Task> _connections = [];
    readonly string _answer;
    readonly Task _accepting;
    int _begun;
    int _open;
    int _mostOpen;

    StrictUpstream(string answer)
    {
        _answer = answer;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public Uri Address => new($"http://{_listener.LocalEndpoint}");

    /// <summary>Those that arrived whole.</summary>
    public IReadOnlyList<StrictRequest> Requests => [.. _requests];

    /// <summary>What no well-behaved proxy sends.</summary>
    public IReadOnlyList<string> Complaints => [.. _complaints];

    /// <summary>Connections so far.</summary>
    public int Begun => Volatile.Read(ref _begun);

    /// <summary>Most connections at a time.</summary>
    public int MostOpen => Volatile.Read(ref _mostOpen);

    public static StrictUpstream Start(string answer = Hello) => new(answer);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _accepting;
        _listener.Stop();
        await Task.WhenAll(_connections);
        _stop.Dispose();
    }

    async Task AcceptAsync()
    {
        try
        {
            while (true) _connections.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    async Task ServeAsync(TcpClient client)
    {
        using var owned = client;
        Interlocked.Increment(ref _begun);
        Note(Interlocked.Increment(ref _open));
        try
        {
            var stream = client.GetStream();
            var reader = new StrictReader(PipeReader.Create(stream), _stop.Token);
            while (await reader.ReadRequestAsync() is { } request)
            {
                _requests.Enqueue(request);
                await stream.WriteAsync(Encoding.Latin1.GetBytes(_answer), _stop.Token);
            }
        }
        catch (FormatException e)
        {
            _complaints.Enqueue(e.Message);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or SocketException)
        {
            // Given up by the edge, which is how it takes back what it has begun to send.
        }
        finally
        {
            Interlocked.Decrement(ref _open);
        }
    }

    void Note(int open)
    {
        for (var most = MostOpen; open > most; most = MostOpen) Interlocked.CompareExchange(ref _mostOpen, open, most);
    }

    sealed class StrictReader(PipeReader input, CancellationToken stopped)
    {
        const string Token = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

        /// <exception cref="FormatException">Another server could have parsed it differently.</exception>
        public async Task<StrictRequest?> ReadRequestAsync()
        {
            if (await LineAsync(maybeEnd: true) is not { } line) return null;
            var parts = line.Split(' ');
            if (parts.Length != 3 || parts[0].Length == 0 || !parts[0].All(Token.Contains) || parts[2] != "HTTP/1.1") throw new FormatException($"request line '{line}'");
            var head = new StringBuilder(line).Append("\r\n");
            while (await LineAsync() is { Length: > 0 } header)
            {
                var colon = header.IndexOf(':');
                if (colon <= 0 || !header[..colon].All(Token.Contains)) throw new FormatException($"header '{header}'");
                if (header[(colon + 1)..].Any(c => c is < ' ' and not '\t' or '\x7f')) throw new FormatException($"control character in '{header}'");
                head.Append(header).Append("\r\n");
            }

            var request = new StrictRequest(head.ToString(), "");
            return request with { Body = await BodyAsync(request) };
        }

        async Task<string> BodyAsync(StrictRequest request)
        {
            var (lengths, codings) = (request.Values("Content-Length"), request.Values("Transfer-Encoding"));
            if (request.Values("Host").Count != 1) throw new FormatException($"not one host: '{request.Head}'");
            if (lengths.Count + codings.Count > 1) throw new FormatException($"two framings: '{request.Head}'");
            if (codings is [var coding]) return coding == "chunked" ? await ChunksAsync() : throw new FormatException($"coding '{coding}'");
            if (lengths is not [var length]) return "";
            if (!length.All(char.IsAsciiDigit)) throw new FormatException($"length '{length}'");
            // More than can ever come is waited for until the edge gives up.
            return await TakeAsync(int.TryParse(length, CultureInfo.InvariantCulture, out var bytes) ? bytes : int.MaxValue);
        }

        async Task<string> ChunksAsync()
        {
            var body = new StringBuilder();
            while (true)
            {
                var size = (await LineAsync())!;
                if (size.Length == 0 || !size.All(char.IsAsciiHexDigit)) throw new FormatException($"chunk size '{size}'");
                var length = int.Parse(size, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
                body.Append(await TakeAsync(length));
                if (await LineAsync() is not "") throw new FormatException("a chunk longer than its size, or a trailer");
                if (length == 0) return body.ToString();
            }
        }

        async Task<string?> LineAsync(bool maybeEnd = false)
        {
            var line = new StringBuilder();
            while (true)
            {
                var next = await TakeAsync(1, maybeEnd && line.Length == 0);
                if (next.Length == 0) return null;
                if (next == "\n") throw new FormatException($"bare LF after '{line}'");
                if (next != "\r")
                {
                    line.Append(next);
                    continue;
                }

                if (await TakeAsync(1) != "\n") throw new FormatException($"bare CR after '{line}'");
                return line.ToString();
            }
        }

        async Task<string> TakeAsync(int bytes, bool maybeEnd = false)
        {
            if (bytes == 0) return "";
            var read = await input.ReadAtLeastAsync(bytes, stopped);
            if (read.Buffer.Length < bytes)
            {
                input.AdvanceTo(read.Buffer.End);
                return maybeEnd ? "" : throw new EndOfStreamException();
            }

            var taken = read.Buffer.Slice(0, bytes);
            var text = Encoding.Latin1.GetString(taken);
            input.AdvanceTo(taken.End);
            return text;
        }
    }
}
