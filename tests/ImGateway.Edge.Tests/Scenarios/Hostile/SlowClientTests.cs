using System.Text;
using ImGateway.Edge.Tests.Proxying;
using ImGateway.Testing;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace ImGateway.Edge.Tests.Scenarios.Hostile;

/// <summary>
/// Clients that hold on to what they have by saying next to nothing. The limits are those that are in force, only shorter, because a test
/// has no minute to wait.
/// </summary>
public sealed class SlowClientTests
{
    static readonly TimeSpan Short = TimeSpan.FromSeconds(1.5);

    static readonly string Large = Answer(32 * 1024 * 1024);

    [Fact]
    public async Task A_head_that_does_not_end_is_given_up()
    {
        await using var upstream = StrictUpstream.Start();
        await using var edge = await StartAsync(upstream);
        using var client = await RawClient.ConnectAsync(edge.Bare);

        var answer = client.ReadToEndAsync();
        await DripAsync(client, "GET /api HTTP/1.1\r\nHost: gateway.test\r\nX: " + new string('y', 1000), answer);

        Assert.StartsWith("HTTP/1.1 408 ", await answer);
        Assert.Empty(upstream.Requests);
    }

    [Fact]
    public async Task A_body_that_does_not_end_is_given_up()
    {
        await using var upstream = StrictUpstream.Start();
        await using var edge = await StartAsync(upstream);
        using var client = await RawClient.ConnectAsync(edge.Bare);

        await client.SendAsync("POST /api HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 1000\r\n\r\n");
        var answer = client.ReadToEndAsync();
        await DripAsync(client, new string('y', 999), answer);

        Assert.StartsWith("HTTP/1.1 408 ", await answer);
        Assert.Empty(upstream.Requests);
    }

    [Fact]
    public async Task A_client_that_does_not_read_is_given_up()
    {
        await using var upstream = StrictUpstream.Start(Large);
        await using var edge = await StartForUnreadAnswersAsync(upstream);
        using var client = await RawClient.ConnectAsync(edge.Bare);

        await client.SendAsync("GET /api HTTP/1.1\r\nHost: gateway.test\r\n\r\n");
        await WaitUntilAnsweredAsync(edge);

        Assert.InRange((await client.ReadToEndAsync()).Length, 0, Large.Length - 1);
    }

    [Fact]
    public async Task Streams_of_a_client_that_opens_no_window_are_given_up()
    {
        await using var upstream = StrictUpstream.Start(Answer(1024 * 1024));
        await using var edge = await StartForUnreadAnswersAsync(upstream);
        await using var client = await H2RawClient.ConnectAsync(edge.Tls, H2Frame.Settings((4, 0)));

        int[] streams = [1, 3, 5];
        foreach (var stream in streams) await client.SendAsync(H2Frame.Headers(stream, H2Headers.Get()));

        foreach (var stream in streams) Assert.NotNull(await client.WaitForAsync(frame => frame.Type == H2Type.RstStream && frame.Stream == stream));
        Assert.DoesNotContain(client.Frames, frame => frame.Type == H2Type.Data && frame.Payload.Length > 0);
    }

    [Fact]
    public async Task A_header_block_over_HTTP2_that_does_not_end_is_given_up()
    {
        await using var upstream = StrictUpstream.Start();
        await using var edge = await StartAsync(upstream);
        await using var client = await H2RawClient.ConnectAsync(edge.Tls);

        await client.SendAsync(H2Frame.Headers(1, H2Headers.Get(), 0));
        await client.UntilEndAsync();

        Assert.Empty(upstream.Requests);
    }

    [Fact]
    public async Task A_body_over_HTTP2_that_does_not_end_is_given_up()
    {
        await using var upstream = StrictUpstream.Start();
        await using var edge = await StartAsync(upstream);
        await using var client = await H2RawClient.ConnectAsync(edge.Tls);

        await client.SendAsync(H2Frame.Headers(1, H2Headers.Block(H2Headers.Request("POST")), H2Frame.EndHeaders), H2Frame.Of(H2Type.Data, 1, Encoding.ASCII.GetBytes("h")));
        await client.UntilEndAsync();

        Assert.Empty(upstream.Requests);
    }

    static Task<ProxyHost> StartAsync(StrictUpstream upstream) => ProxyHost.StartAsync(ProxyHost.Options(upstream.Address), kestrel: kestrel =>
    {
        kestrel.Limits.RequestHeadersTimeout = Short;
        kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(kestrel.Limits.MinRequestBodyDataRate!.BytesPerSecond, Short);
    });

    static string Answer(int length) => $"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{new string('x', length)}";

    /// <summary>
    /// What bounds an unread answer is YARP's own time-out: Kestrel's rate allows for what was handed to the system's buffers, and does not
    /// count while a window is closed.
    /// </summary>
    static Task<ProxyHost> StartForUnreadAnswersAsync(StrictUpstream upstream) => ProxyHost.StartAsync(
        ProxyHost.Options(upstream.Address), new Dictionary<string, string?> { ["ReverseProxy:Clusters:gateway:HttpRequest:ActivityTimeout"] = Short.ToString("c") });

    /// <summary>A byte now and then, until there is an answer.</summary>
    static async Task DripAsync(RawClient client, string text, Task answer)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        try
        {
            foreach (var c in text)
            {
                if (answer.IsCompleted) return;
                await client.SendAsync(c.ToString());
                await timer.WaitForNextTickAsync();
            }
        }
        catch (IOException)
        {
            // Given up.
        }
    }

    static async Task WaitUntilAnsweredAsync(ProxyHost edge)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while ((await edge.MetricsAsync()).Sum("imgw_http_requests_total") == 0) await timer.WaitForNextTickAsync(limit.Token);
    }
}
