using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ImGateway.Testing;

/// <summary>What an upstream does with one request, given the bytes of its head.</summary>
public delegate Task UpstreamScript(UpstreamConnection connection, string head);

/// <summary>An upstream on a raw socket: keeps each request as it came and answers as the script says.</summary>
public sealed class RecordingUpstream : IAsyncDisposable
{
    readonly TcpListener _listener;
    readonly CancellationTokenSource _stop = new();
    readonly Lock _lock = new();
    readonly List<string> _requests = [];
    readonly List<Task> _connections = [];
    readonly UpstreamScript _script;
    readonly Task _accepting;

    RecordingUpstream(UpstreamScript script, int port)
    {
        _script = script;
        _listener = new TcpListener(IPAddress.Loopback, port);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public Uri Address => new($"http://{_listener.LocalEndpoint}");

    /// <summary>The heads of the requests so far, byte for byte (Latin-1).</summary>
    public IReadOnlyList<string> Requests
    {
        get
        {
            lock (_lock) return [.. _requests];
        }
    }

    /// <param name="script">Default says hello.</param>
    /// <param name="port">Default any.</param>
    public static RecordingUpstream Start(UpstreamScript? script = null, int port = 0) => new(script ?? UpstreamScripts.Answer("hello"), port);

    public async ValueTask DisposeAsync()
    {
        // In this order: between two accepts a stopped listener throws what a running one never does.
        await _stop.CancelAsync();
        await _accepting;
        _listener.Stop();
        // A script that ignores the end of the test must not keep it.
        await Task.WhenAll(_connections).WaitAsync(TimeSpan.FromSeconds(30));
        _stop.Dispose();
    }

    async Task AcceptAsync()
    {
        try
        {
            while (true) _connections.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    async Task ServeAsync(TcpClient client)
    {
        using var connection = new UpstreamConnection(client, _stop.Token);
        try
        {
            while (await connection.ReadHeadAsync() is { } head)
            {
                lock (_lock) _requests.Add(head);
                await _script(connection, head);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The edge has disconnected, or the test has ended.
        }
    }
}

/// <summary>One accepted connection of a <see cref="RecordingUpstream"/>.</summary>
public sealed class UpstreamConnection(TcpClient client, CancellationToken stopped) : IDisposable
{
    readonly NetworkStream _stream = client.GetStream();

    public CancellationToken Stopped => stopped;

    /// <summary>For what is too much to be text.</summary>
    public Stream Stream => _stream;

    public async Task SendAsync(string text) => await _stream.WriteAsync(Encoding.Latin1.GetBytes(text), stopped);

    /// <summary>What comes next; empty at the end.</summary>
    public async Task<string> ReadAsync()
    {
        var buffer = new byte[64 * 1024];
        return Encoding.Latin1.GetString(buffer, 0, await _stream.ReadAsync(buffer, stopped));
    }

    public async Task<string?> ReadHeadAsync()
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (await _stream.ReadAsync(one, stopped) == 1)
        {
            head.Append((char)one[0]);
            if (head.Length >= 4 && head.ToString(head.Length - 4, 4) == "\r\n\r\n") return head.ToString();
        }

        return null;
    }

    /// <summary>RST instead of FIN.</summary>
    public void Reset()
    {
        client.LingerState = new LingerOption(enable: true, seconds: 0);
        // The socket itself: its stream would send FIN first.
        client.Client.Close();
    }

    public void Close() => client.Close();

    public void Dispose() => client.Dispose();
}
