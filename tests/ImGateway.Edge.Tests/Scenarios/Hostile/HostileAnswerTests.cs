using ImGateway.Edge.Tests.Proxying;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Hostile;

/// <summary>Answers of an upstream that has been taken over, or is broken: a client gets a proper answer or a short 502, and nothing of them.</summary>
public sealed class HostileAnswerTests
{
    const string Secret = "secret-of-the-gateway";

    public static TheoryData<string, string> Refused => new()
    {
        { "two lengths that differ", $"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{Secret}" },
        { "two lengths that agree", $"HTTP/1.1 200 OK\r\nContent-Length: 21\r\nContent-Length: 21\r\n\r\n{Secret}" },
        { "a list of lengths", $"HTTP/1.1 200 OK\r\nContent-Length: 21, 21\r\n\r\n{Secret}" },
        { "a negative length", $"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{Secret}" },
        { "a length that is none", $"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n{Secret}" },
        { "a length with a plus", $"HTTP/1.1 200 OK\r\nContent-Length: +21\r\n\r\n{Secret}" },
        { "a length beyond 64 bits", $"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551637\r\n\r\n{Secret}" },
        { "a length and chunks", $"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n15\r\n{Secret}\r\n0\r\n\r\n" },
        { "a coding that is not understood", $"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n15\r\n{Secret}\r\n0\r\n\r\n" },
        { "a header without a name", $"HTTP/1.1 200 OK\r\n: {Secret}\r\nContent-Length: 0\r\n\r\n" },
        { "a header without a colon", $"HTTP/1.1 200 OK\r\n{Secret}\r\nContent-Length: 0\r\n\r\n" },
        { "control character in a value", $"HTTP/1.1 200 OK\r\nX: {Secret}\x01\r\nContent-Length: 0\r\n\r\n" },
        { "a status that is none", $"HTTP/1.1 2x0 {Secret}\r\nContent-Length: 0\r\n\r\n" },
        { "a status of four digits", $"HTTP/1.1 2000 {Secret}\r\nContent-Length: 0\r\n\r\n" },
        { "another version", $"HTTP/7.3 200 {Secret}\r\nContent-Length: 0\r\n\r\n" },
        { "no HTTP", $"{Secret}\r\n\r\n" },
        { "HTML at once", $"<html><body>{Secret}</body></html>\r\n\r\n" },
        { "headers without end", $"HTTP/1.1 200 OK\r\n{string.Concat(Enumerable.Repeat($"X-{Secret}: {new string('y', 1000)}\r\n", 200))}\r\n" },
        { "a switch of protocols unasked", $"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n{Secret}" },
        { "an informational answer without end", string.Concat(Enumerable.Repeat($"HTTP/1.1 103 Early Hints\r\nLink: <{Secret}>\r\n\r\n", 10_000)) + "SSH-2.0\r\n\r\n" },
    };

    [Theory]
    [MemberData(nameof(Refused), DisableDiscoveryEnumeration = true)]
    public async Task An_answer_that_is_none_is_502_and_nothing_of_it_gets_out(string what, string answer)
    {
        await using var upstream = RecordingUpstream.Start(UpstreamScripts.Send(answer));
        await using var edge = await ProxyHost.StartAsync(upstream);

        var response = await edge.GetAsync("/api");

        Assert.True(response.Status == 502, $"{what}: {response.Head}");
        Assert.Equal("The gateway failed\n", response.Body);
        Assert.DoesNotContain(Secret, response.Head);
        Assert.DoesNotContain("Set-Cookie", response.Head);
        Assert.Equal(["DENY"], response.Values("X-Frame-Options"));
        Assert.DoesNotContain(edge.Warnings, line => line.Level is "Error" or "Fatal");
    }

    [Theory]
    [InlineData("a\0b")]
    [InlineData("a\rb")]
    [InlineData("a\r\n b")]
    public async Task What_could_split_an_answer_arrives_as_spaces(string value)
    {
        await using var upstream = RecordingUpstream.Start(UpstreamScripts.Answer("hello", $"X: {value}\r\n"));
        await using var edge = await ProxyHost.StartAsync(upstream);

        // RFC 9110 §5.5 and RFC 9112 §5.2 allow it.
        Assert.Matches("^a +b$", Assert.Single((await edge.GetAsync("/api")).Values("X")));
    }

    [Fact]
    public async Task What_follows_a_response_is_no_other_clients_response()
    {
        await using var upstream = RecordingUpstream.Start(
            UpstreamScripts.Send($"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\n{Secret}"));
        await using var edge = await ProxyHost.StartAsync(upstream);

        for (var i = 0; i < 5; i++) Assert.Equal("hello", (await edge.GetAsync("/api")).Body);
    }

    [Fact]
    public async Task Bytes_above_ASCII_in_a_header_pass_both_ways_as_they_are()
    {
        await using var upstream = RecordingUpstream.Start(UpstreamScripts.Answer("hello", "X-Back: \xc3\xa9\xff\r\n"));
        await using var edge = await ProxyHost.StartAsync(upstream);

        var response = await edge.GetAsync("/api", "X-There: \xc3\xa9\xff");

        Assert.Equal(["\xc3\xa9\xff"], response.Values("X-Back"));
        Assert.Contains("X-There: \xc3\xa9\xff\r\n", upstream.Requests.Single());
    }
}
