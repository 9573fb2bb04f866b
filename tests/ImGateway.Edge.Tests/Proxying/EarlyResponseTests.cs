using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Proxying;

/// <summary>Gateways that respond before they have read the request's body, and close.</summary>
public sealed class EarlyResponseTests
{
    /// <summary>More than the sockets' buffers on the way take in, less than <c>Limits:RequestBodyBytes</c>.</summary>
    const int BodyBytes = 8 * 1024 * 1024;

    [Theory]
    [InlineData("401 Unauthorized", false, "")]
    [InlineData("401 Unauthorized", true, "Connection: close\r\n")]
    [InlineData("413 Content Too Large", false, "Connection: close\r\n")]
    [InlineData("413 Content Too Large", true, "")]
    public async Task A_response_before_the_body_was_read_reaches_the_client(string status, bool chunked, string headers)
    {
        await using var upstream = RecordingUpstream.Start(async (connection, head) =>
        {
            await UpstreamScripts.Answer("stop", $"WWW-Authenticate: Bearer\r\n{headers}", status)(connection, head);
            connection.Close();
        });
        await using var edge = await ProxyHost.StartAsync(upstream);

        // Twice: the connection that broke serves no other request.
        for (var i = 0; i < 2; i++)
        {
            var response = await UploadAsync(edge, chunked);

            Assert.Equal($"HTTP/1.1 {status}", response.Head.Split("\r\n")[0]);
            Assert.Equal("stop", response.Body);
            Assert.Equal(["Bearer"], response.Values("WWW-Authenticate"));
        }

        Assert.Equal(0, (await edge.MetricsAsync()).Sum("imgw_upstream_errors_total"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_gateway_that_breaks_off_during_the_body_without_a_response_is_502(bool chunked)
    {
        await using var upstream = RecordingUpstream.Start(UpstreamScripts.ResetAfter(""));
        await using var edge = await ProxyHost.StartAsync(upstream);

        Assert.Equal(502, (await UploadAsync(edge, chunked)).Status);
        Assert.Equal(1, (await edge.MetricsAsync()).Sum("imgw_upstream_errors_total", ("route", "api"), ("error", "reset")));
    }

    static async Task<RawResponse> UploadAsync(ProxyHost edge, bool chunked)
    {
        using var client = await RawClient.ConnectAsync(edge.Bare);
        var body = new string('x', BodyBytes);
        try
        {
            await client.SendAsync($"POST /api HTTP/1.1\r\nHost: {ProxyHost.Host}\r\n"
                + (chunked ? $"Transfer-Encoding: chunked\r\n\r\n{BodyBytes:x}\r\n{body}\r\n0\r\n\r\n" : $"Content-Length: {BodyBytes}\r\n\r\n{body}"));
        }
        catch (IOException)
        {
            // Closed while it was still being sent: the response, if one got through, is read below.
        }

        return await client.ReadResponseAsync();
    }
}
