using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Proxying;

/// <summary>Server-sent events: responses that are silent for long.</summary>
public sealed class EventStreamTests
{
    static readonly IReadOnlyDictionary<string, string?> Impatient = new Dictionary<string, string?> { ["ReverseProxy:Clusters:gateway:HttpRequest:ActivityTimeout"] = "00:00:00.5" };

    [Theory]
    [InlineData("text/event-stream", 1)]
    [InlineData("text/event-stream", 2)]
    [InlineData("Text/Event-Stream; charset=utf-8", 1)]
    public async Task Events_may_be_rarer_than_the_bytes_of_other_responses(string type, int version)
    {
        var othersEnd = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = RecordingUpstream.Start(async (connection, head) =>
        {
            var isEvents = head.Contains("/events", StringComparison.Ordinal);
            await connection.SendAsync($"HTTP/1.1 200 OK\r\nContent-Type: {(isEvents ? type : "text/plain")}\r\nTransfer-Encoding: chunked\r\n\r\n7\r\ndata: 1\r\n");
            if (!isEvents) await UpstreamScripts.Hang(connection, head);
            await othersEnd.Task;
            await connection.SendAsync("7\r\ndata: 2\r\n0\r\n\r\n");
        });
        await using var edge = await ProxyHost.StartAsync(ProxyHost.Options(upstream.Address), Impatient);
        using var client = new HttpClient(edge.Handler()) { DefaultRequestVersion = new Version(version, version % 2), DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        var cancellation = TestContext.Current.CancellationToken;

        await using var events = await client.GetStreamAsync(new Uri($"https://{ProxyHost.Host}/api/events"), cancellation);
        var text = new byte[7];
        await events.ReadExactlyAsync(text, cancellation);

        // As silent, begun later and ended sooner.
        await Assert.ThrowsAnyAsync<Exception>(() => client.GetStringAsync(new Uri($"https://{ProxyHost.Host}/api/other"), cancellation));
        othersEnd.SetResult();
        await events.ReadExactlyAsync(text, cancellation);

        Assert.Equal("data: 2"u8.ToArray(), text);
        Assert.Equal(0, await events.ReadAsync(text, cancellation));
    }
}
