using System.Net;
using System.Net.Sockets;
using ImGateway.Testing;
using Microsoft.Extensions.Time.Testing;

namespace ImGateway.Edge.Tests.Proxying;

public sealed class UpstreamErrorsTests
{
    [Theory]
    [InlineData("", "reset")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Le", "reset")]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n\r\n", "protocol")]
    public async Task An_upstream_that_breaks_off_or_speaks_something_else_is_502(string answer, string error)
    {
        await using var upstream = RecordingUpstream.Start(error == "reset" ? UpstreamScripts.ResetAfter(answer) : UpstreamScripts.Send(answer));
        await using var edge = await ProxyHost.StartAsync(upstream);

        var response = await edge.GetAsync("/api");

        AssertShort(response, 502, "The gateway failed\n");
        Assert.Equal(1, (await edge.MetricsAsync()).Sum("imgw_upstream_errors_total", ("route", "api"), ("error", error)));
    }

    [Fact]
    public async Task An_upstream_that_is_away_is_502()
    {
        await using var edge = await ProxyHost.StartAsync(ProxyHost.Options(UnusedAddress()));

        var response = await edge.GetAsync("/api");

        AssertShort(response, 502, "The gateway failed\n");
        Assert.Equal(1, (await edge.MetricsAsync()).Sum("imgw_upstream_errors_total", ("route", "api"), ("error", "connect")));
    }

    [Fact]
    public async Task An_upstream_that_does_not_answer_in_time_is_504()
    {
        await using var upstream = RecordingUpstream.Start(UpstreamScripts.Hang);
        await using var edge = await ProxyHost.StartAsync(ProxyHost.Options(upstream.Address), new Dictionary<string, string?>
        {
            ["ReverseProxy:Clusters:gateway:HttpRequest:ActivityTimeout"] = "00:00:00.2",
        });

        var response = await edge.GetAsync("/api");

        AssertShort(response, 504, "The gateway timed out\n");
        Assert.Equal(1, (await edge.MetricsAsync()).Sum("imgw_upstream_errors_total", ("route", "api"), ("error", "timeout")));
    }

    [Fact]
    public async Task No_healthy_upstream_is_503()
    {
        await using var upstream = RecordingUpstream.Start(UpstreamScripts.Answer("", status: "500 Internal Server Error"));
        await using var edge = await ProxyHost.StartAsync(ProxyHost.Options(upstream.Address), new Dictionary<string, string?>
        {
            ["ReverseProxy:Clusters:gateway:HealthCheck:Active:Enabled"] = "true",
            ["ReverseProxy:Clusters:gateway:HealthCheck:Active:Interval"] = "00:00:00.05",
            ["ReverseProxy:Clusters:gateway:HealthCheck:Active:Path"] = "/probe",
            ["ReverseProxy:Clusters:gateway:HealthCheck:AvailableDestinationsPolicy"] = "HealthyAndUnknown",
        });

        var response = await edge.GetAsync("/api");
        // Every probe fails; after the second the destination is out.
        while (response.Status == 500) response = await edge.GetAsync("/api");

        AssertShort(response, 503, "The gateway is unavailable\n");
    }

    [Fact]
    public async Task A_response_that_breaks_off_breaks_off_for_the_client()
    {
        await using var upstream = RecordingUpstream.Start(UpstreamScripts.ResetAfter("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npartial"));
        await using var edge = await ProxyHost.StartAsync(upstream);
        using var client = await RawClient.ConnectAsync(edge.Bare);

        await client.SendAsync($"GET /api HTTP/1.1\r\nHost: {ProxyHost.Host}\r\n\r\n");
        var all = await client.ReadToEndAsync();

        Assert.False(all.EndsWith(new string('x', 93), StringComparison.Ordinal));
        Assert.DoesNotContain("HTTP/1.1 200 OK\r\nHTTP/1.1 502", all);
    }

    [Fact]
    public async Task Failures_are_logged_once_an_interval_with_their_number()
    {
        var time = new FakeTimeProvider();
        await using var edge = await ProxyHost.StartAsync(ProxyHost.Options(UnusedAddress()), time: time);

        for (var i = 0; i < 3; i++) await edge.GetAsync("/api");
        Assert.Contains("(connect)", Assert.Single(Lines()).Message);

        time.Advance(TimeSpan.FromSeconds(10));
        await edge.GetAsync("/api");

        Assert.Equal(2, Lines().Count);
        Assert.EndsWith("2 more since the last such line", Lines()[1].Message);

        List<RecordedLog> Lines() => [.. edge.Logs.Lines.Where(line => line.Message.StartsWith("Upstream failed", StringComparison.Ordinal))];
    }

    static void AssertShort(RawResponse response, int status, string body)
    {
        Assert.Equal(status, response.Status);
        Assert.Equal(body, response.Body);
        Assert.Equal(["DENY"], response.Values("X-Frame-Options"));
        Assert.Single(response.Values("Strict-Transport-Security"));
    }

    static Uri UnusedAddress()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return new Uri($"http://{listener.LocalEndpoint}");
    }
}
