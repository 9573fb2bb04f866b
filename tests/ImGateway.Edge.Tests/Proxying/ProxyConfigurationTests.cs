using ImGateway.Edge.Configuration;
using ImGateway.Edge.Proxying;
using ImGateway.Testing;
using Microsoft.Extensions.Configuration;

namespace ImGateway.Edge.Tests.Proxying;

public sealed class ProxyConfigurationTests
{
    static readonly Uri Upstream = new("http://127.0.0.1:9");

    [Fact]
    public void The_users_section_overrides_field_by_field()
    {
        var merged = ProxyConfiguration.Merge(ProxyHost.Options(Upstream, new Uri("http://127.0.0.2:9")), Configure(
            ("ReverseProxy:Clusters:gateway:LoadBalancingPolicy", "RoundRobin"),
            ("ReverseProxy:Clusters:gateway:Destinations:upstream-2:Address", "http://127.0.0.3:9/"),
            ("ReverseProxy:Routes:api:Timeout", "00:00:05")));

        Assert.Equal("RoundRobin", merged["Clusters:gateway:LoadBalancingPolicy"]);
        Assert.Equal("http://127.0.0.1:9/", merged["Clusters:gateway:Destinations:upstream-1:Address"]);
        Assert.Equal("http://127.0.0.3:9/", merged["Clusters:gateway:Destinations:upstream-2:Address"]);
        Assert.Equal("00:00:05", merged["Routes:api:Timeout"]);
        Assert.Equal("gateway", merged["Routes:api:ClusterId"]);
    }

    [Fact]
    public async Task What_YARP_cannot_read_is_one_line()
    {
        var mistake = await Assert.ThrowsAsync<UserError>(() => ProxyHost.StartAsync(ProxyHost.Options(Upstream), new Dictionary<string, string?>
        {
            ["ReverseProxy:Clusters:gateway:LoadBalancingPolicy"] = "Fairest",
        }));

        Assert.StartsWith("ReverseProxy: ", mistake.Message);
        Assert.Contains("Fairest", mistake.Message);
        Assert.DoesNotContain('\n', mistake.Message);
    }

    [Fact]
    public async Task Several_upstreams_are_balanced_as_configured()
    {
        await using var one = RecordingUpstream.Start(UpstreamScripts.Answer("one"));
        await using var two = RecordingUpstream.Start(UpstreamScripts.Answer("two"));
        await using var edge = await ProxyHost.StartAsync(ProxyHost.Options(one.Address, two.Address), new Dictionary<string, string?>
        {
            ["ReverseProxy:Clusters:gateway:LoadBalancingPolicy"] = "RoundRobin",
        });

        string[] bodies = [(await edge.GetAsync("/api")).Body, (await edge.GetAsync("/api")).Body, (await edge.GetAsync("/api")).Body];

        Assert.Equal(bodies[0], bodies[2]);
        Assert.NotEqual(bodies[0], bodies[1]);
    }

    [Fact]
    public async Task Session_affinity_sticks()
    {
        await using var one = RecordingUpstream.Start(UpstreamScripts.Answer("one"));
        await using var two = RecordingUpstream.Start(UpstreamScripts.Answer("two"));
        await using var edge = await ProxyHost.StartAsync(ProxyHost.Options(one.Address, two.Address), new Dictionary<string, string?>
        {
            ["ReverseProxy:Clusters:gateway:LoadBalancingPolicy"] = "RoundRobin",
            ["ReverseProxy:Clusters:gateway:SessionAffinity:Enabled"] = "true",
            ["ReverseProxy:Clusters:gateway:SessionAffinity:Policy"] = "Cookie",
            ["ReverseProxy:Clusters:gateway:SessionAffinity:AffinityKeyName"] = "sticky",
        });
        var first = await edge.GetAsync("/api");
        var cookie = first.Values("Set-Cookie").Single().Split(';')[0];

        for (var i = 0; i < 4; i++) Assert.Equal(first.Body, (await edge.GetAsync("/api", $"Cookie: {cookie}")).Body);
    }

    [Fact]
    public async Task A_routes_transforms_and_timeout_work()
    {
        await using var upstream = RecordingUpstream.Start(UpstreamScripts.Hang);
        await using var edge = await ProxyHost.StartAsync(ProxyHost.Options(upstream.Address), new Dictionary<string, string?>
        {
            ["ReverseProxy:Routes:api:Timeout"] = "00:00:00.2",
            ["ReverseProxy:Routes:api:Transforms:0:PathPattern"] = "/v1/{**remainder}",
            ["ReverseProxy:Routes:api:Transforms:1:RequestHeader"] = "X-Added",
            ["ReverseProxy:Routes:api:Transforms:1:Set"] = "1",
        });

        var response = await edge.GetAsync("/api/a/b?c=1");

        Assert.Equal(504, response.Status);
        Assert.StartsWith("GET /v1/a/b?c=1 HTTP/1.1\r\n", upstream.Requests.Single());
        Assert.Contains("X-Added: 1\r\n", upstream.Requests.Single());
    }

    static IConfigurationRoot Configure(params (string Key, string Value)[] settings) =>
        new ConfigurationBuilder().AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value))).Build();
}
