using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace ImGateway.Testing;

/// <summary>HTTP/2 over TLS: sends exactly the given frames and keeps those that arrive. Trusts any certificate.</summary>
public sealed class H2RawClient : IAsyncDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    readonly Lock _lock = new();
    readonly List<H2Frame> _frames = [];
    readonly List<(Func<H2Frame, bool> Predicate, TaskCompletionSource<H2Frame?> Found)> _waiting = [];
    readonly CancellationTokenSource _stop = new();
    readonly TcpClient _client = new() { NoDelay = true };
    SslStream _stream = null!;
    Task _reading = Task.CompletedTask;
    bool _ended;
    byte _pings;

    /// <summary>What came so far.</summary>
    public IReadOnlyList<H2Frame> Frames
    {
        get
        {
            lock (_lock) return [.. _frames];
        }
    }

    /// <summary>Sends the preface and <paramref name="settings"/>, and reads from then on, unless a parameter says otherwise.</summary>
    public static async Task<H2RawClient> ConnectAsync(IPEndPoint server, H2Frame? settings = null, bool reads = true, string host = "gateway.test", IPAddress? from = null)
    {
        using var limit = new CancellationTokenSource(Patience);
        var client = new H2RawClient();
        if (from is not null) client._client.Client.Bind(new IPEndPoint(from, 0));
        await client._client.ConnectAsync(server, limit.Token);
        client._stream = new SslStream(client._client.GetStream(), leaveInnerStreamOpen: false, (_, _, _, _) => true);
        var options = new SslClientAuthenticationOptions { TargetHost = host, ApplicationProtocols = [SslApplicationProtocol.Http2] };
        await client._stream.AuthenticateAsClientAsync(options, limit.Token);
        if (reads) client._reading = client.ReadAsync();
        byte[] preface = [.. Encoding.ASCII.GetBytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), .. (settings ?? H2Frame.Settings()).ToBytes()];
        await client.SendAsync(preface);
        return client;
    }

    /// <exception cref="IOException">The server has closed the connection.</exception>
    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        limit.CancelAfter(Patience);
        await _stream.WriteAsync(bytes, limit.Token);
    }

    public Task SendAsync(params H2Frame[] frames) => SendAsync(frames.SelectMany(frame => frame.ToBytes()).ToArray());

    /// <summary>Sends the same again and again until the server has had enough, or all are sent; returns how many it took.</summary>
    public async Task<int> FloodAsync(int count, Func<int, byte[]> bytes, int batch = 100)
    {
        var sent = 0;
        try
        {
            for (; sent < count && !_ended; sent += batch) await SendAsync(Enumerable.Range(sent, batch).SelectMany(bytes).ToArray());
        }
        catch (IOException)
        {
            // Had enough.
        }

        return sent;
    }

    /// <summary>The first frame that fits, come already or still to come; null if the connection ends first.</summary>
    public Task<H2Frame?> WaitForAsync(Func<H2Frame, bool> predicate)
    {
        lock (_lock)
        {
            if (_frames.Find(frame => predicate(frame)) is { } seen) return Task.FromResult<H2Frame?>(seen);
            if (_ended) return Task.FromResult<H2Frame?>(null);
            var found = new TaskCompletionSource<H2Frame?>(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add((predicate, found));
            return found.Task.WaitAsync(Patience);
        }
    }

    /// <summary>Waits until the server has ended the connection.</summary>
    public Task UntilEndAsync() => _reading.WaitAsync(Patience);

    /// <summary>Proves that the connection still works.</summary>
    public async Task<bool> PingAsync()
    {
        try
        {
            byte[] mark = [1, 2, 3, 4, 5, 6, 7, _pings++];
            await SendAsync(H2Frame.Of(H2Type.Ping, 0, mark));
            return await WaitForAsync(frame => frame.Type == H2Type.Ping && frame.Flags == H2Frame.Ack && frame.Payload.SequenceEqual(mark)) is not null;
        }
        catch (IOException)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _reading;
        await _stream.DisposeAsync();
        _client.Dispose();
        _stop.Dispose();
    }

    async Task ReadAsync()
    {
        var header = new byte[9];
        try
        {
            while (await _stream.ReadAtLeastAsync(header, 9, throwOnEndOfStream: false, _stop.Token) == 9)
            {
                var payload = new byte[header[0] << 16 | header[1] << 8 | header[2]];
                await _stream.ReadExactlyAsync(payload, _stop.Token);
                Add(new H2Frame((H2Type)header[3], header[4], BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(5)), payload));
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // A reset is an end too.
        }

        lock (_lock)
        {
            _ended = true;
            foreach (var waiter in _waiting) waiter.Found.TrySetResult(null);
        }
    }

    void Add(H2Frame frame)
    {
        lock (_lock)
        {
            _frames.Add(frame);
            foreach (var waiter in _waiting.Where(waiter => waiter.Predicate(frame)).ToList())
            {
                waiter.Found.TrySetResult(frame);
                _waiting.Remove(waiter);
            }
        }
    }
}
