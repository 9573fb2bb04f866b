using System.Text.RegularExpressions;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Proxying;

public sealed partial class ResponseHeadersTests
{
    [Theory]
    [InlineData("204 No Content", "Content-Length: 5\r\n\r\n", "")]
    [InlineData("204 No Content", "Content-Length: 5\r\n\r\nhello", "")]
    [InlineData("204 No Content", "Content-Length: 0\r\n\r\n", "")]
    [InlineData("204 No Content", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "")]
    [InlineData("205 Reset Content", "Content-Length: 5\r\n\r\nhello", "0")]
    [InlineData("205 Reset Content", "Content-Length: 0\r\n\r\n", "0")]
    [InlineData("205 Reset Content", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "0")]
    [InlineData("304 Not Modified", "Content-Length: 5\r\n\r\n", "5")]
    public async Task A_status_without_content_has_no_length_of_content(string status, string rest, string length)
    {
        await using var upstream = RecordingUpstream.Start((connection, _) => connection.SendAsync($"HTTP/1.1 {status}\r\n{rest}"));
        await using var edge = await ProxyHost.StartAsync(upstream);
        using var client = await RawClient.ConnectAsync(edge.Bare);

        // The second response on the connection proves that the first ended where a client expects its end.
        await client.SendAsync($"GET /api/1 HTTP/1.1\r\nHost: {ProxyHost.Host}\r\n\r\nGET /api/2 HTTP/1.1\r\nHost: {ProxyHost.Host}\r\nConnection: close\r\n\r\n");
        var all = await client.ReadToEndAsync();

        Assert.Equal([status, status], Status().Matches(all).Select(found => found.Groups["status"].Value));
        Assert.Equal(length.Length == 0 ? [] : [length, length], Length().Matches(all).Select(found => found.Groups["length"].Value));
        Assert.DoesNotContain("hello", all);
        Assert.DoesNotContain("Transfer-Encoding", all);
        Assert.DoesNotContain(edge.Warnings, line => line.Level is "Error" or "Fatal");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_switch_of_protocols_has_no_length_of_content(int version)
    {
        await using var upstream = RecordingUpstream.Start(async (connection, head) =>
        {
            await connection.SendAsync(UpstreamScripts.SwitchingProtocols(head).Replace("\r\n\r\n", "\r\nContent-Length: 5\r\n\r\n", StringComparison.Ordinal));
            await UpstreamScripts.Hang(connection, head);
        });
        await using var edge = await ProxyHost.StartAsync(upstream);
        using var invoker = new HttpMessageInvoker(edge.Handler());

        using var socket = await edge.ConnectWebSocketAsync(invoker, new Version(version, version % 2));

        Assert.DoesNotContain(edge.Warnings, line => line.Level is "Error" or "Fatal");
    }

    [Fact]
    public async Task An_informational_response_with_a_length_is_passed_over()
    {
        await using var upstream = RecordingUpstream.Start(UpstreamScripts.Send("HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"));
        await using var edge = await ProxyHost.StartAsync(upstream);

        Assert.Equal("hello", (await edge.GetAsync("/api")).Body);
    }

    [Theory]
    [InlineData("Connection: X-Hop\r\nX-Hop: 1\r\n")]
    [InlineData("X-Hop: 1\r\nConnection: keep-alive, x-hop , ,\r\n")]
    [InlineData("X-Hop: 1\r\nX-Hop: 2\r\nConnection: keep-alive\r\nConnection: X-Other,X-Hop\r\n")]
    [InlineData("X-Hop: 1\r\nConnection: X-Hop, Content-Length\r\n")]
    public async Task What_Connection_names_ends_here(string headers)
    {
        await using var upstream = RecordingUpstream.Start(UpstreamScripts.Answer("hello", $"{headers}Keep-Alive: timeout=5\r\nX-End: 1\r\n"));
        await using var edge = await ProxyHost.StartAsync(upstream);
        using var client = new HttpClient(edge.Handler());

        var response = await client.GetAsync(new Uri($"https://{ProxyHost.Host}/api"), TestContext.Current.CancellationToken);

        Assert.Equal("hello", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal(["1"], response.Headers.GetValues("X-End"));
        Assert.False(response.Headers.Contains("X-Hop"));
        Assert.False(response.Headers.Contains("Keep-Alive"));
        Assert.Empty(response.Headers.Connection);
    }

    [Fact]
    public async Task What_Connection_names_ends_here_as_a_trailer_too()
    {
        await using var upstream = RecordingUpstream.Start(UpstreamScripts.Send(
            "HTTP/1.1 200 OK\r\nConnection: X-Hop\r\nTrailer: X-Hop, X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Hop: 1\r\nX-Sum: 2\r\n\r\n"));
        await using var edge = await ProxyHost.StartAsync(upstream);
        using var client = new HttpClient(edge.Handler()) { DefaultRequestVersion = new Version(2, 0), DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };

        var response = await client.GetAsync(new Uri($"https://{ProxyHost.Host}/api"), TestContext.Current.CancellationToken);

        Assert.Equal("hello", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal(["2"], response.TrailingHeaders.GetValues("X-Sum"));
        Assert.False(response.TrailingHeaders.Contains("X-Hop"));
    }

    [GeneratedRegex(@"HTTP/1\.1 (?<status>[2-9]\d\d [^\r]*)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Status();

    [GeneratedRegex(@"\nContent-Length: (?<length>\d+)", RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase, 1000)]
    private static partial Regex Length();
}
