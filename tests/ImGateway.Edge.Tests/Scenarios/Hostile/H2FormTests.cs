using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Hostile;

/// <summary>Each form of <see cref="H2Forms"/> on a connection of its own.</summary>
public sealed class H2FormTests(StrictEdge fixture) : IClassFixture<StrictEdge>
{
    public static TheoryData<H2Form> Forms => [.. H2Forms.All];

    [Theory]
    [MemberData(nameof(Forms), DisableDiscoveryEnumeration = true)]
    public async Task A_breach_of_the_protocol_ends_as_the_protocol_says(H2Form form)
    {
        var upstream = fixture.Upstream;
        var (before, complaints) = (upstream.Requests.Count, upstream.Complaints.Count);
        await using var client = await H2RawClient.ConnectAsync(fixture.Edge.Tls);
        Assert.True(await client.PingAsync());

        await client.SendAsync(form.Frames);
        var outcome = form.Outcome == "none" && await IsQuietAsync(client) ? "none" : await OutcomeAsync(client);

        Assert.Equal(form.Outcome, outcome);
        Assert.Empty(upstream.Complaints.Skip(complaints));
        var seen = upstream.Requests.Skip(before).ToList();
        if (form.Forwarded >= 0) Assert.Equal(form.Forwarded, seen.Count);
        Assert.All(seen, request => Assert.Matches("^(GET|POST) /api HTTP/1.1$", request.Line));
        Assert.All(seen, request => Assert.DoesNotContain("6.6.6.6", request.Head));
        Assert.All(seen, request => Assert.Equal(["gateway.test"], request.Values("Host")));
    }

    static async Task<string> OutcomeAsync(H2RawClient client) =>
        await client.WaitForAsync(frame => frame.Type is H2Type.GoAway or H2Type.RstStream || (frame.Type == H2Type.Headers && frame.Stream == 1)) switch
        {
            { Type: H2Type.GoAway } end => $"goaway {end.ErrorCode}",
            { Type: H2Type.RstStream } reset => $"reset {reset.ErrorCode}",
            { Type: H2Type.Headers } headers => $"{headers.Status}",
            _ => "closed",
        };

    /// <summary>The connection still serves.</summary>
    static async Task<bool> IsQuietAsync(H2RawClient client)
    {
        await client.SendAsync(H2Frame.Headers(99, H2Headers.Get("/nowhere")));
        return await client.WaitForAsync(frame => frame.Type is H2Type.Headers or H2Type.RstStream or H2Type.GoAway) is { Type: H2Type.Headers, Stream: 99, Status: 404 };
    }
}
