using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Hostile;

/// <summary>One round of an attack on a public listener. It may end in any exception that a closed connection makes.</summary>
/// <param name="Name">For messages.</param>
/// <param name="RoundAsync">Ends at the latest when the token does.</param>
sealed record Attack(string Name, Func<IPEndPoint, CancellationToken, Task> RoundAsync)
{
    const string Head = "GET /api HTTP/1.1\r\nHost: gateway.test\r\n";

    const int Frames = 2000;
    const int SlowClients = 50;

    static readonly TimeSpan SlowFor = TimeSpan.FromSeconds(3);

    /// <summary>By default another address than the ordinary client's.</summary>
    static readonly IPAddress From = IPAddress.Parse(Environment.GetEnvironmentVariable("IMGW_ATTACK_FROM") ?? "127.0.0.66");

    public static IReadOnlyList<Attack> All { get; } =
    [
        .. H2Attacks.Floods.Select(flood => new Attack($"h2: {flood.Key}", async (server, _) =>
        {
            await using var client = await H2RawClient.ConnectAsync(server, from: From);
            await flood.Value(client, Frames);
        })),
        .. H2Attacks.Breaches.Select(breach => new Attack($"h2: {breach.Key}", (server, _) => FloodAsync(server, breach.Value))),
        new("h2: rapid reset", (server, _) => FloodAsync(server, H2Attacks.RapidReset)),
        new("h2: answers unread", UnreadAnswersAsync),
        new("h2: pings unread", UnreadPingsAsync),
        new("h1: every form", EveryFormAsync),
        new("h1: half a request", (server, end) => SlowAsync(server, tls: true, Encoding.ASCII.GetBytes(Head + "X: "), end)),
        new("h1: half a body", (server, end) => SlowAsync(server, tls: true, Encoding.ASCII.GetBytes("POST /api HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 1000\r\n\r\nhalf"), end)),
        new("tls: connected and silent", (server, end) => SlowAsync(server, tls: false, [], end)),
        new("tls: half a hello", (server, end) => SlowAsync(server, tls: false, RawHello.ForTls13("gateway.test").ToRecords()[..50], end)),
        new("tls: a hello and no more", (server, end) => SlowAsync(server, tls: false, RawHello.ForTls13("gateway.test").ToRecords(), end)),
        new("tls: a hello and gone", (server, end) => AndGoneAsync(server, RawHello.ForTls13("gateway.test").ToRecords(), end)),
        new("tls: an unknown name", (server, end) => AndGoneAsync(server, RawHello.ForTls13("evil.test").ToRecords(), end)),
        new("tls: random bytes", RandomBytesAsync),
        new("tls: plain HTTP", (server, end) => AndGoneAsync(server, Encoding.ASCII.GetBytes(Head + "\r\n"), end)),
    ];

    public override string ToString() => Name;

    static async Task FloodAsync(IPEndPoint server, Func<int, byte[]> bytes)
    {
        await using var client = await H2RawClient.ConnectAsync(server, from: From);
        await client.FloodAsync(Frames, bytes);
    }

    static async Task UnreadAnswersAsync(IPEndPoint server, CancellationToken end)
    {
        await using var client = await H2RawClient.ConnectAsync(server, H2Frame.Settings((4, 0)), reads: false, from: From);
        await client.SendAsync([.. Enumerable.Range(0, 100).Select(i => H2Frame.Headers(2 * i + 1, H2Headers.Get()))]);
        await LingerAsync(end);
    }

    /// <summary>The client does not read the acknowledgements: a server that queues them grows.</summary>
    static async Task UnreadPingsAsync(IPEndPoint server, CancellationToken end)
    {
        await using var client = await H2RawClient.ConnectAsync(server, reads: false, from: From);
        // More than what fits into the sockets' buffers is not taken.
        var flood = client.FloodAsync(1_000_000, _ => H2Frame.Of(H2Type.Ping, 0, new byte[8]).ToBytes());
        await Task.WhenAny(flood, LingerAsync(end));
    }

    static async Task EveryFormAsync(IPEndPoint server, CancellationToken end)
    {
        foreach (var form in HttpForms.All)
        {
            end.ThrowIfCancellationRequested();
            await using var stream = await HandshakeAsync(server, end);
            await stream.WriteAsync(Encoding.Latin1.GetBytes(form.Bytes), end);
        }
    }

    static async Task SlowAsync(IPEndPoint server, bool tls, byte[] bytes, CancellationToken end)
    {
        var open = new List<Stream>();
        try
        {
            for (var i = 0; i < SlowClients; i++)
            {
                var stream = tls ? await HandshakeAsync(server, end) : await ConnectAsync(server, end);
                open.Add(stream);
                await stream.WriteAsync(bytes, end);
            }

            await LingerAsync(end);
        }
        finally
        {
            foreach (var stream in open) await stream.DisposeAsync();
        }
    }

    static async Task AndGoneAsync(IPEndPoint server, byte[] bytes, CancellationToken end)
    {
        for (var i = 0; i < SlowClients; i++)
        {
            await using var stream = await ConnectAsync(server, end);
            await stream.WriteAsync(bytes, end);
        }
    }

    static async Task RandomBytesAsync(IPEndPoint server, CancellationToken end)
    {
        var bytes = RandomNumberGenerator.GetBytes(RandomNumberGenerator.GetInt32(5000));
        // Half of them begin as a record does.
        if (bytes.Length > 5 && (bytes[0] & 1) == 1) new byte[] { 22, 3, 1, 0x10, 0 }.CopyTo(bytes, 0);
        await AndGoneAsync(server, bytes, end);
    }

    static async Task LingerAsync(CancellationToken end)
    {
        using var timer = new PeriodicTimer(SlowFor);
        try
        {
            await timer.WaitForNextTickAsync(end);
        }
        catch (OperationCanceledException)
        {
            // Time to go.
        }
    }

    static async Task<Stream> HandshakeAsync(IPEndPoint server, CancellationToken end)
    {
        var connection = await ConnectAsync(server, end);
        var stream = new SslStream(connection, leaveInnerStreamOpen: false, (_, _, _, _) => true);
        await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "gateway.test" }, end);
        return stream;
    }

    static async Task<Stream> ConnectAsync(IPEndPoint server, CancellationToken end)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.Bind(new IPEndPoint(From, 0));
            await socket.ConnectAsync(server, end);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
