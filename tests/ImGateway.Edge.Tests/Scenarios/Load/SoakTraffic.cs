using System.Net;
using System.Net.WebSockets;
using System.Text;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Load;

/// <summary>Clients of every kind that an edge meets. Their failures are reported, except sockets that end with an outage of the gateway.</summary>
sealed class SoakTraffic(EdgeProcess edge, EdgeClient client, string host, TemporaryDirectory directory, Outages outages, Action<string> onFailure)
{
    const int LastingSockets = 20, PassingSockets = 6, Requesters = 2;

    /// <summary>More than all of them have open at a time, on both sides of the edge.</summary>
    public const int Connections = 2 * (LastingSockets + PassingSockets + Requesters) + 20;

    static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(100), EchoPace = TimeSpan.FromMilliseconds(500);
    static readonly Version[] Versions = [HttpVersion.Version11, HttpVersion.Version20];

    int _echoes, _opened, _requests, _resumptions, _excused;

    /// <summary>Each kind did its work.</summary>
    public bool Happened => _echoes > 0 && _opened > LastingSockets && _requests > 0 && _resumptions > 0;

    public List<Task> Start(CancellationToken end) =>
    [
        .. Enumerable.Range(0, LastingSockets).Select(i => RepeatAsync($"lasting socket {i}", () => LastAsync(Versions[i % 2], end), end)),
        .. from i in Enumerable.Range(0, PassingSockets)
           let random = new Random(i)
           select RepeatAsync($"passing socket {i}", () => PassAsync(Versions[i % 2], random), end),
        .. Enumerable.Range(0, Requesters).Select(i => RepeatAsync($"request {i}", () => RequestAsync(Versions[i % 2]), end, mayFail: false)),
        RepeatAsync("resumption", ResumeAsync, end, mayFail: false),
    ];

    public override string ToString() =>
        $"{_opened} sockets opened, {_echoes} echoes, {_requests} requests, {_resumptions} resumptions; {_excused} sockets met an outage of the gateway";

    /// <param name="mayFail">In an outage: a socket is the gateway's and dies with it, a request is held until it is back.</param>
    async Task RepeatAsync(string what, Func<Task> act, CancellationToken end, bool mayFail = true)
    {
        while (!end.IsCancellationRequested)
        {
            try
            {
                await act();
            }
            catch (Exception e)
            {
                if (mayFail && outages.IsRecent) Interlocked.Increment(ref _excused);
                else onFailure($"{what}: {e}");
            }

            await Task.Delay(Pace, TimeProvider.System, CancellationToken.None);
        }
    }

    /// <summary>Open until the end, or until the gateway cuts it.</summary>
    async Task LastAsync(Version version, CancellationToken end)
    {
        using var socket = await OpenAsync(version);
        using var timer = new PeriodicTimer(EchoPace);
        while (!end.IsCancellationRequested)
        {
            await EchoAsync(socket);
            await timer.WaitForNextTickAsync(CancellationToken.None);
        }

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
    }

    /// <summary>A few echoes, then in four of five cases an orderly end.</summary>
    async Task PassAsync(Version version, Random random)
    {
        using var socket = await OpenAsync(version);
        for (var i = random.Next(1, 6); i > 0; i--) await EchoAsync(socket);
        if (random.Next(5) > 0) await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
    }

    async Task RequestAsync(Version version)
    {
        using var answer = await client.GetAsync(host, "/api/soak", version);
        if (answer.StatusCode is not HttpStatusCode.OK) throw new InvalidOperationException($"{answer.StatusCode}");
        Interlocked.Increment(ref _requests);
    }

    /// <summary>By another library than .NET's, whose clients above resume when they please.</summary>
    async Task ResumeAsync()
    {
        var session = directory["session.pem"];
        await ConnectAsync("-sess_out", session);
        await ConnectAsync("-sess_in", session);
        Interlocked.Increment(ref _resumptions);
    }

    async Task ConnectAsync(params string[] options)
    {
        var result = await ExternalTool.RunAsync(
            ExternalTool.OpenSsl,
            ["s_client", "-connect", edge.Https.ToString(), "-servername", host, "-CAfile", directory["root.pem"], "-verify_return_error", "-ign_eof", .. options],
            $"GET /health HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        if (result.ExitCode != 0 || !result.Output.Contains("HTTP/1.1 200", StringComparison.Ordinal)) throw new InvalidOperationException(result.All);
    }

    async Task<ClientWebSocket> OpenAsync(Version version)
    {
        var socket = await client.OpenWebSocketAsync(host, version);
        Interlocked.Increment(ref _opened);
        return socket;
    }

    async Task EchoAsync(ClientWebSocket socket)
    {
        var sent = Encoding.ASCII.GetBytes($"echo {Interlocked.Increment(ref _echoes)}");
        var buffer = new byte[64];
        await socket.SendAsync(sent, WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        var received = await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
        if (!buffer.AsSpan(0, received.Count).SequenceEqual(sent)) throw new InvalidOperationException($"{received.MessageType} instead of an echo");
    }
}
