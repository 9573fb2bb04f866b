using System.Text.RegularExpressions;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Hostile;

/// <summary>Each form of <see cref="HttpForms"/> against an upstream that reads by the letter: it sees one well-formed request or nothing.</summary>
public sealed partial class HttpFormTests(StrictEdge fixture) : IClassFixture<StrictEdge>
{
    const string Next = "GET /api/next HTTP/1.1\r\nHost: gateway.test\r\nConnection: close\r\n\r\n";

    public static TheoryData<HttpForm> Forms => [.. HttpForms.All];

    [Theory]
    [MemberData(nameof(Forms), DisableDiscoveryEnumeration = true)]
    public async Task A_form_is_understood_in_one_way_or_refused(HttpForm form)
    {
        var upstream = fixture.Upstream;
        var (before, complaints) = (upstream.Requests.Count, upstream.Complaints.Count);

        var answers = await ExchangeAsync(form);

        Assert.Equal(form.Statuses, string.Join(' ', Status().Matches(answers).Select(status => status.Groups["code"].Value)));
        Assert.Empty(upstream.Complaints.Skip(complaints));
        var seen = upstream.Requests.Skip(before).ToList();
        Assert.Equal(form.Forwarded, seen.Count(request => !request.Line.Contains("/next", StringComparison.Ordinal)));
        Assert.DoesNotContain(seen, request => request.Line.Contains("smuggled", StringComparison.Ordinal));
        Assert.All(seen, request => Assert.DoesNotContain("6.6.6.6", request.Head));
        Assert.All(seen, request => Assert.Empty(request.Values("Upgrade")));
        Assert.All(seen, request => Assert.Equal(["gateway.test"], request.Values("Host")));
        Assert.All(seen, request => Assert.Equal(["127.0.0.1"], request.Values("X-Real-IP")));
    }

    [Fact]
    public void There_are_enough_of_them() => Assert.InRange(HttpForms.All.DistinctBy(form => form.Bytes).Count(), 150, int.MaxValue);

    /// <summary>All that is answered to the form and to the well-formed request behind it, up to the end of the connection.</summary>
    async Task<string> ExchangeAsync(HttpForm form)
    {
        using var client = await RawClient.ConnectAsync(fixture.Edge.Bare);
        try
        {
            await client.SendAsync(form.Bytes);
            await client.SendAsync(Next);
        }
        catch (IOException)
        {
            // Closed while it was still being sent: the answer, if one got through, is read below.
        }

        return await client.ReadToEndAsync();
    }

    [GeneratedRegex(@"HTTP/1\.1 (?<code>[2-9]\d\d) ", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Status();
}
