using ImGateway.Edge.Tests.Proxying;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Hostile;

/// <summary>Frames that are cheap to send and dear to receive: each flood is ended or costs nothing, and others are served.</summary>
public sealed class H2FloodTests
{
    /// <summary>As many as may be open at a time and as many again until it is noticed, with room for a slow machine.</summary>
    const int Tolerated = 500;

    public static TheoryData<string> Breaches => [.. H2Attacks.Breaches.Keys];

    public static TheoryData<string> Floods => [.. H2Attacks.Floods.Keys];

    [Fact]
    public async Task Rapid_reset_ends_the_connection_before_the_upstream_feels_it()
    {
        await using var upstream = StrictUpstream.Start();
        await using var edge = await ProxyHost.StartAsync(ProxyHost.Options(upstream.Address));
        await using var client = await H2RawClient.ConnectAsync(edge.Tls);

        await client.FloodAsync(50_000, H2Attacks.RapidReset);
        await client.UntilEndAsync();

        Assert.InRange(upstream.Begun, 0, Tolerated);
        Assert.DoesNotContain(edge.Warnings, line => line.Level == "Error");
        await AssertServesAsync(edge);
    }

    [Theory]
    [MemberData(nameof(Breaches))]
    public async Task What_makes_the_server_reset_streams_ends_the_connection_too(string breach)
    {
        await using var upstream = StrictUpstream.Start();
        await using var edge = await ProxyHost.StartAsync(ProxyHost.Options(upstream.Address));
        await using var client = await H2RawClient.ConnectAsync(edge.Tls);

        await client.FloodAsync(50_000, H2Attacks.Breaches[breach]);
        await client.UntilEndAsync();

        Assert.InRange(upstream.Begun, 0, Tolerated);
        await AssertServesAsync(edge);
    }

    [Fact]
    public async Task A_flood_of_resets_is_counted_once_and_an_ordinary_client_may_take_back_some()
    {
        await using var upstream = RecordingUpstream.Start(async (connection, head) =>
        {
            if (head.Contains("/hang", StringComparison.Ordinal)) await UpstreamScripts.Hang(connection, head);
            else await UpstreamScripts.Answer("hello")(connection, head);
        });
        await using var edge = await ProxyHost.StartAsync(upstream);
        await using (var fickle = await H2RawClient.ConnectAsync(edge.Tls))
        {
            for (var stream = 1; stream < 400; stream += 4)
            {
                await fickle.SendAsync(H2Frame.Headers(stream, H2Headers.Get("/api/hang")), H2Frame.Reset(stream), H2Frame.Headers(stream + 2, H2Headers.Get()));
                var served = stream + 2;
                Assert.Equal(200, (await fickle.WaitForAsync(frame => frame.Type == H2Type.Headers && frame.Stream == served))?.Status);
            }

            Assert.True(await fickle.PingAsync());
        }

        Assert.Equal(0, (await edge.MetricsAsync()).Sum("imgw_refused_total", ("reason", "stream_resets")));
        await using (var flood = await H2RawClient.ConnectAsync(edge.Tls))
        {
            await flood.FloodAsync(10_000, i => [.. H2Frame.Headers(2 * i + 1, H2Headers.Get("/api/hang")).ToBytes(), .. H2Frame.Reset(2 * i + 1).ToBytes()]);
            await flood.UntilEndAsync();
        }

        // Counted just after the client sees the end.
        await edge.WaitForMetricsAsync(metrics => metrics.Sum("imgw_refused_total", ("reason", "stream_resets")) == 1);
    }

    [Fact]
    public async Task No_more_streams_are_served_at_a_time_than_announced()
    {
        await using var upstream = RecordingUpstream.Start(UpstreamScripts.Hang);
        await using var edge = await ProxyHost.StartAsync(upstream);
        await using var client = await H2RawClient.ConnectAsync(edge.Tls);

        await client.FloodAsync(150, i => H2Frame.Headers(2 * i + 1, H2Headers.Get()).ToBytes(), batch: 150);
        var refused = await client.WaitForAsync(frame => frame.Type == H2Type.RstStream);

        // RFC 9113 §8.7: safe to be sent again.
        Assert.Equal(7, refused?.ErrorCode);
        Assert.InRange(upstream.Requests.Count, 0, 100);
    }

    [Theory]
    [MemberData(nameof(Floods))]
    public async Task A_flood_harms_no_other_client(string flood)
    {
        await using var upstream = StrictUpstream.Start();
        await using var edge = await ProxyHost.StartAsync(ProxyHost.Options(upstream.Address));
        await using var client = await H2RawClient.ConnectAsync(edge.Tls);

        await H2Attacks.Floods[flood](client, 20_000);

        await AssertServesAsync(edge);
        Assert.InRange(upstream.Begun, 0, 10);
    }

    [Theory]
    [InlineData("header blocks without end")]
    [InlineData("small header blocks without end")]
    [InlineData("references to a large header")]
    public async Task A_header_list_that_grows_without_end_ends_the_connection(string flood)
    {
        await using var upstream = StrictUpstream.Start();
        await using var edge = await ProxyHost.StartAsync(ProxyHost.Options(upstream.Address));
        await using var client = await H2RawClient.ConnectAsync(edge.Tls);

        await H2Attacks.Floods[flood](client, 20_000);
        await client.UntilEndAsync();

        Assert.Empty(upstream.Requests);
    }

    static async Task AssertServesAsync(ProxyHost edge)
    {
        await using var other = await H2RawClient.ConnectAsync(edge.Tls);
        await other.SendAsync(H2Frame.Headers(1, H2Headers.Get()));
        Assert.Equal(200, (await other.WaitForAsync(frame => frame.Type == H2Type.Headers))?.Status);
    }
}
