using System.Net;
using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Demo;

namespace ImGateway.Edge.Tests.Demo;

public sealed class DemoGatewayTests : IAsyncLifetime
{
    readonly CancellationTokenSource _timeout = new(TimeSpan.FromSeconds(30));
    DemoGateway _gateway = null!;
    HttpClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _gateway = await DemoGateway.StartAsync(ListenAddress.Parse("127.0.0.1:0"), _timeout.Token);
        _client = new HttpClient { BaseAddress = _gateway.Address };
    }

    [Fact]
    public async Task Text_is_echoed_as_text()
    {
        using var socket = await ConnectAsync("/ws");

        await SendAsync(socket, "grüße");

        Assert.Equal((WebSocketMessageType.Text, "grüße"), await ReceiveAsync(socket));
    }

    [Fact]
    public async Task A_long_binary_message_is_echoed_as_binary()
    {
        using var socket = await ConnectAsync("/ws");
        var message = RandomNumberGenerator.GetBytes(100_000);

        var receiving = ReceiveBytesAsync(socket);
        await socket.SendAsync(message, WebSocketMessageType.Binary, endOfMessage: true, _timeout.Token);

        var (type, received) = await receiving;
        Assert.Equal(WebSocketMessageType.Binary, type);
        Assert.Equal(message, received);
    }

    [Theory]
    [InlineData("/ws")]
    [InlineData("/ws?room=closing")]
    public async Task A_close_comes_back_with_its_code_and_reason(string path)
    {
        using var socket = await ConnectAsync(path);

        await socket.CloseAsync((WebSocketCloseStatus)4001, "done here", _timeout.Token);

        Assert.Equal(4001, (int?)socket.CloseStatus);
        Assert.Equal("done here", socket.CloseStatusDescription);
    }

    [Fact]
    public async Task A_room_hears_every_member_and_no_other_room()
    {
        using var anna = await ConnectAsync("/ws?room=lobby");
        using var ben = await ConnectAsync("/ws?room=lobby");
        using var other = await ConnectAsync("/ws?room=elsewhere");
        await EnteredAsync(anna);
        await SendAsync(ben, "ben is here");
        Assert.Equal("ben is here", await HearAsync(ben));
        Assert.Equal("ben is here", await HearAsync(anna));

        await SendAsync(anna, "hello");
        await SendAsync(other, "only for us");

        Assert.Equal("hello", await HearAsync(anna));
        Assert.Equal("hello", await HearAsync(ben));
        Assert.Equal("only for us", await HearAsync(other));
    }

    [Fact]
    public async Task A_member_that_vanishes_leaves_the_others_talking()
    {
        using var anna = await ConnectAsync("/ws?room=lobby");
        using (var ben = await ConnectAsync("/ws?room=lobby"))
        {
            await EnteredAsync(ben);
            ben.Abort();
        }

        await SendAsync(anna, "anybody?");
        Assert.Equal("anybody?", await HearAsync(anna));
    }

    [Fact]
    public async Task A_chat_message_that_is_too_long_ends_the_socket_with_1009()
    {
        using var socket = await ConnectAsync("/ws?room=lobby");

        await socket.SendAsync(new byte[70_000], WebSocketMessageType.Binary, endOfMessage: true, _timeout.Token);
        await socket.ReceiveAsync(new byte[16], _timeout.Token);

        Assert.Equal(WebSocketCloseStatus.MessageTooBig, socket.CloseStatus);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Compression_is_there_for_those_who_offer_it(bool offered)
    {
        using var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;
        if (offered) socket.Options.DangerousDeflateOptions = new WebSocketDeflateOptions();
        await socket.ConnectAsync(Address("/ws"), _timeout.Token);

        Assert.Equal(offered, socket.HttpResponseHeaders!.ContainsKey("Sec-WebSocket-Extensions"));
        await SendAsync(socket, "same text");
        Assert.Equal("same text", (await ReceiveAsync(socket)).Text);
    }

    [Fact]
    public async Task A_plain_request_to_the_socket_is_answered_with_the_reason()
    {
        using var answer = await _client.GetAsync("/ws");

        Assert.Equal(HttpStatusCode.UpgradeRequired, answer.StatusCode);
    }

    [Fact]
    public async Task Echo_shows_the_request_as_it_arrived()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/echo?a=%2F");
        request.Headers.Add("X-Real-IP", "203.0.113.9");
        using var answer = await _client.SendAsync(request);
        var echo = await answer.Content.ReadFromJsonAsync<JsonElement>();

        Assert.Equal("GET", echo.GetProperty("method").GetString());
        Assert.Equal("/api/echo?a=%2F", echo.GetProperty("target").GetString());
        Assert.Equal("203.0.113.9", echo.GetProperty("headers").GetProperty("X-Real-IP").GetString());
        Assert.Equal("203.0.113.9", echo.GetProperty("client").GetString());
    }

    [Fact]
    public async Task A_posted_body_comes_back_as_it_is()
    {
        using var answer = await _client.PostAsync("/api/echo", new StringContent("<a>", Encoding.UTF8, "application/xml"));

        Assert.Equal("application/xml", answer.Content.Headers.ContentType?.MediaType);
        Assert.Equal("<a>", await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Time_and_health_are_json()
    {
        Assert.Equal("""{"status":"ok"}""", await _client.GetStringAsync("/health"));
        Assert.True((await _client.GetFromJsonAsync<JsonElement>("/api/time")).GetProperty("time").TryGetDateTimeOffset(out _));
    }

    [Fact]
    public async Task The_page_runs_its_own_script_and_style_and_no_other()
    {
        using var answer = await _client.GetAsync("/");
        var page = await answer.Content.ReadAsStringAsync();
        var policy = Assert.Single(answer.Headers.GetValues("Content-Security-Policy"));

        foreach (var element in new[] { "script", "style" })
        {
            var start = page.IndexOf($"<{element}>") + element.Length + 2;
            var inline = page[start..page.IndexOf($"</{element}>")];
            Assert.Contains($"{element}-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(inline)))}'", policy);
        }

        Assert.StartsWith("default-src 'none'", policy);
        Assert.DoesNotContain("unsafe", policy);
        Assert.DoesNotMatch("(src|href)=\"https?:", page);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _gateway.DisposeAsync();
        _timeout.Dispose();
    }

    const string Entered = "entered";

    /// <summary>A member that hears itself is in the room.</summary>
    async Task EnteredAsync(WebSocket socket)
    {
        await SendAsync(socket, Entered);
        Assert.Equal(Entered, (await ReceiveAsync(socket)).Text);
    }

    /// <summary>The next message that does not announce a participant: those already present receive these too.</summary>
    async Task<string> HearAsync(WebSocket socket)
    {
        while (true)
        {
            if ((await ReceiveAsync(socket)).Text is var text and not Entered) return text;
        }
    }

    Uri Address(string path) => new UriBuilder(new Uri(_gateway.Address, path)) { Scheme = "ws" }.Uri;

    async Task<ClientWebSocket> ConnectAsync(string path)
    {
        var socket = new ClientWebSocket();
        await socket.ConnectAsync(Address(path), _timeout.Token);
        return socket;
    }

    Task SendAsync(WebSocket socket, string text) =>
        socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, endOfMessage: true, _timeout.Token);

    async Task<(WebSocketMessageType Type, string Text)> ReceiveAsync(WebSocket socket)
    {
        var (type, bytes) = await ReceiveBytesAsync(socket);
        return (type, Encoding.UTF8.GetString(bytes));
    }

    async Task<(WebSocketMessageType Type, byte[] Bytes)> ReceiveBytesAsync(WebSocket socket)
    {
        using var message = new MemoryStream();
        var buffer = new byte[4096];
        while (true)
        {
            var received = await socket.ReceiveAsync(buffer.AsMemory(), _timeout.Token);
            message.Write(buffer, 0, received.Count);
            if (received.EndOfMessage) return (received.MessageType, message.ToArray());
        }
    }
}
