using System.Net;
using System.Net.Sockets;
using ImGateway.Edge.Connections.Limits;
using ImGateway.Edge.Proxying;
using ImGateway.Edge.Proxying.Upstream;
using ImGateway.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Yarp.ReverseProxy;
using Yarp.ReverseProxy.Model;

namespace ImGateway.Edge.Tests.Proxying;

public sealed class UpstreamFailureHandlerTests
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
    public async Task A_connection_that_the_edge_has_no_room_for_is_502_and_no_fault_of_the_gateway()
    {
        const int Requests = 20;
        await using var upstream = RecordingUpstream.Start(UpstreamScripts.Answer("ok"));
        await using var edge = await ProxyHost.StartAsync(ProxyHost.Options(upstream.Address), new Dictionary<string, string?>
        {
            ["ReverseProxy:Clusters:gateway:HealthCheck:Passive:Enabled"] = "true",
            ["ReverseProxy:Clusters:gateway:HealthCheck:Passive:Policy"] = "TransportFailureRate",
            ["ReverseProxy:Clusters:gateway:HealthCheck:AvailableDestinationsPolicy"] = "HealthyAndUnknown",
        });
        var budget = edge.Services.GetRequiredService<ConnectionBudget>();
        using var client = await RawClient.ConnectAsync(edge.Bare);
        // Once answered the client's own connection has its place.
        Assert.Equal(404, (await ExchangeAsync("/nowhere")).Status);

        budget.SetMemoryLimit(0);
        for (var i = 0; i < Requests; i++) AssertShort(await ExchangeAsync("/api"), 502, "The gateway failed\n");

        Assert.Equal(Requests, (await edge.MetricsAsync()).Sum("imgw_upstream_errors_total", ("route", "api"), ("error", "connect")));
        Assert.Contains("left for a connection to 127.0.0.1:", Assert.Single(edge.Warnings, line => line.Message.StartsWith("Upstream ", StringComparison.Ordinal)).Message, StringComparison.Ordinal);
        Assert.Null(edge.Services.GetRequiredService<DestinationResults>().Of(Destination(edge)));
        budget.SetMemoryLimit(int.MaxValue);
        Assert.Equal(200, (await edge.GetAsync("/api")).Status);

        async Task<RawResponse> ExchangeAsync(string target)
        {
            await client.SendAsync($"GET {target} HTTP/1.1\r\nHost: {ProxyHost.Host}\r\n\r\n");
            return await client.ReadResponseAsync();
        }
    }

    [Fact]
    public async Task A_probe_that_the_edge_has_no_room_for_does_not_count_against_the_gateway()
    {
        await using var upstream = RecordingUpstream.Start(UpstreamScripts.Answer("ok", "Connection: close\r\n"));
        await using var edge = await ProxyHost.StartAsync(ProxyHost.Options(upstream.Address), new Dictionary<string, string?>
        {
            ["ReverseProxy:Clusters:gateway:HealthCheck:Active:Enabled"] = "true",
            ["ReverseProxy:Clusters:gateway:HealthCheck:Active:Interval"] = "00:00:00.05",
            ["ReverseProxy:Clusters:gateway:HealthCheck:Active:Path"] = "/probe",
        });
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Upstreams.Patience);

        edge.Services.GetRequiredService<ConnectionBudget>().SetMemoryLimit(0);

        // Two in a row would be enough.
        var healthChecks = edge.Services.GetRequiredService<ActiveHealthCheckResults>();
        HashSet<DateTimeOffset> failed = [];
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (failed.Count < 5)
        {
            if (healthChecks.Of(Destination(edge)) is { Succeeded: false } probe) failed.Add(probe.At);
            await timer.WaitForNextTickAsync(limit.Token);
        }

        Assert.NotEqual(DestinationHealth.Unhealthy, Destination(edge).Health.Active);
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
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var edge = await ProxyHost.StartAsync(ProxyHost.Options(UnusedAddress()), time: time);

        for (var i = 0; i < 3; i++) await edge.GetAsync("/api");
        Assert.Contains("(connect)", Assert.Single(Lines()).Message);

        time.Advance(TimeSpan.FromSeconds(10));
        await edge.GetAsync("/api");

        Assert.Equal(2, Lines().Count);
        Assert.EndsWith("2 more since the last such line", Lines()[1].Message);

        List<LogLine> Lines() => [.. edge.Warnings.Where(line => line.Message.StartsWith("Upstream failed", StringComparison.Ordinal))];
    }

    static void AssertShort(RawResponse response, int status, string body)
    {
        Assert.Equal(status, response.Status);
        Assert.Equal(body, response.Body);
        Assert.Equal(["DENY"], response.Values("X-Frame-Options"));
        Assert.Single(response.Values("Strict-Transport-Security"));
    }

    static DestinationState Destination(ProxyHost edge) => edge.Services.GetRequiredService<IProxyStateLookup>().GetClusters().Single().Destinations.Values.Single();

    static Uri UnusedAddress()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return new Uri($"http://{listener.LocalEndpoint}");
    }
}
