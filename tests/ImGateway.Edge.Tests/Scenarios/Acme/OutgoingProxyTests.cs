using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Acme;

/// <summary>The edge in a network that reaches the Internet through a proxy alone: a real one, with a real CA and a real responder behind it.</summary>
public sealed class OutgoingProxyTests : IDisposable
{
    const string Host = "gateway.test", User = "edge", Password = "pass-of-the-proxy", Login = "edge:p%61ss-of-the-proxy";

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task The_CA_is_asked_through_the_configured_proxy_a_reload_names_another_one_and_no_text_has_the_password()
    {
        await using var first = await TinyProxy.StartAsync(User, Password);
        await using var second = await TinyProxy.StartAsync(User, Password);
        await using var pebble = await Pebble.StartAsync();
        await using var upstream = await EchoUpstream.StartAsync();
        await using var edge = await EdgeProcess.StartAsync(Setup(pebble, upstream.Address, With(first)));
        await edge.WaitForMetricsAsync(it => it.Sum("imgw_certificate_renewals_total", ("result", "success")) == 1, Patience);
        await first.WaitForRequestAsync($"CONNECT {pebble.Directory.Authority} HTTP/1.1");

        var config = JsonNode.Parse(await File.ReadAllTextAsync(edge.ConfigFile))!;
        config["Edge"]!["OutgoingProxy"] = With(second);
        await File.WriteAllTextAsync(edge.ConfigFile, config.ToJsonString());
        var reload = await EdgeVerb.RunAsync("reload", "--config", edge.ConfigFile);
        var before = first.Requests.Count;
        var renew = await EdgeVerb.RunAsync("cert", "renew", Host, "--force", "--config", edge.ConfigFile);

        Assert.True(renew.ExitCode == 0, renew.All);
        await second.WaitForRequestAsync($"CONNECT {pebble.Directory.Authority} HTTP/1.1");
        Assert.Equal(before, first.Requests.Count);

        // Requests of clients go to the gateway directly.
        await AskGatewayAsync(edge, pebble);
        Assert.DoesNotContain(first.Requests.Concat(second.Requests), request => !request.StartsWith($"CONNECT {pebble.Directory.Authority} ", StringComparison.Ordinal));

        var doctor = await EdgeVerb.RunAsync("doctor", "--config", edge.ConfigFile);
        var validate = await EdgeVerb.RunAsync("validate", "--config", edge.ConfigFile);
        var status = await (await edge.GetManagementAsync("/api/status")).Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Matches($"(?m)^ok +outgoing proxy +http://\\*\\*\\*@{second.Address} of Edge:OutgoingProxy takes connections$", doctor.Output);
        Assert.Matches($"(?m)^ok +ca +{pebble.Directory} answers", doctor.Output);
        Assert.Contains($"Edge:OutgoingProxy = http://***@{second.Address}\n", validate.Output, StringComparison.Ordinal);
        string[] texts = [$"{edge.Log}", $"{edge.Errors}", reload.All, renew.All, doctor.All, validate.All, status];
        Assert.All(texts, text =>
        {
            Assert.DoesNotContain("of-the-proxy", text, StringComparison.Ordinal);
            Assert.DoesNotContain($"{User}:", text, StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task Without_the_key_the_CA_is_asked_through_the_proxy_of_the_environment()
    {
        await using var proxy = await TinyProxy.StartAsync();
        await using var unused = await TinyProxy.StartAsync();
        await using var pebble = await Pebble.StartAsync();
        await using var upstream = await EchoUpstream.StartAsync();
        var setup = Setup(pebble, upstream.Address, proxy: null) with
        {
            Environment = new Dictionary<string, string> { ["HTTPS_PROXY"] = $"{proxy.Address}", ["HTTP_PROXY"] = $"{unused.Url}", ["NO_PROXY"] = "example.com,10.0.0.0/8" },
        };
        await using var edge = await EdgeProcess.StartAsync(setup);

        await proxy.WaitForRequestAsync($"CONNECT {pebble.Directory.Authority} HTTP/1.1");
        await AskGatewayAsync(edge, pebble);
        Assert.Empty(unused.Requests);
        var doctor = await EdgeVerb.RunWithAsync(setup.Environment, "doctor", "--config", edge.ConfigFile);
        Assert.Matches($"(?m)^ok +outgoing proxy +http://{proxy.Address} of HTTPS_PROXY takes connections", doctor.Output);
        var validate = await EdgeVerb.RunWithAsync(setup.Environment, "validate", "--config", edge.ConfigFile);
        Assert.Contains($"HTTPS_PROXY = http://{proxy.Address}\n", validate.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_NO_PROXY_lists_is_asked_directly()
    {
        await using var proxy = await TinyProxy.StartAsync();
        await using var pebble = await Pebble.StartAsync();
        await using var edge = await EdgeProcess.StartAsync(Setup(pebble, new Uri("http://127.0.0.1:9"), proxy: null) with
        {
            Environment = new Dictionary<string, string> { ["HTTPS_PROXY"] = $"{proxy.Url}", ["NO_PROXY"] = "example.com, 127.0.0.0/8" },
        });

        await edge.WaitForMetricsAsync(it => it.Sum("imgw_certificate_renewals_total", ("result", "success")) == 1, Patience);
        Assert.Empty(proxy.Requests);
    }

    [Theory]
    [InlineData("gone", "Connection refused", "check this machine's network")]
    [InlineData("wrong password", "failed with status code '40", "correct Edge:OutgoingProxy (user and password too)")]
    public async Task A_proxy_that_does_not_serve_is_named_and_nothing_goes_past_it(string fault, string why, string remedy)
    {
        await using var proxy = fault == "gone" ? null : await TinyProxy.StartAsync(User, Password);
        var address = proxy?.Address ?? new IPEndPoint(IPAddress.Loopback, FreePort.Next());
        await using var pebble = await Pebble.StartAsync();
        var setup = Setup(pebble, new Uri("http://127.0.0.1:9"), $"http://{User}:wrong-of-the-proxy@{address}");
        await using var edge = await EdgeProcess.StartListeningAsync(setup);

        var line = await edge.WaitForLogAsync(it => it.Message.Contains($"{Host}: no certificate: ", StringComparison.Ordinal), Patience);

        line.AssertSays($"the CA cannot be reached through the proxy {address}: ");
        line.AssertSays(why);
        line.AssertSays(remedy);
        Assert.DoesNotContain("of-the-proxy", $"{edge.Log}{edge.Errors}", StringComparison.Ordinal);
        Assert.DoesNotContain(pebble.Log.Lines, it => it.Text.Contains("new-order", StringComparison.OrdinalIgnoreCase));
        var doctor = await EdgeVerb.RunAsync("doctor", "--config", edge.ConfigFile);
        Assert.Equal(1, doctor.ExitCode);
        Assert.Matches($"(?m)^fail +ca +.*through the proxy {address}", doctor.Output);
        Assert.Equal(fault == "gone" ? 1 : 0, doctor.Output.Split('\n').Count(it => it.StartsWith("fail  ", StringComparison.Ordinal) && it.Contains("outgoing proxy", StringComparison.Ordinal)));
        Assert.Equal(fault == "gone", doctor.Output.Contains($"http://***@{address} cannot be reached (Connection refused)", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task OCSP_is_asked_through_the_proxy(bool configured)
    {
        await using var proxy = await TinyProxy.StartAsync();
        using var ca = TestCa.Create("Behind a proxy");
        var address = OpenSslResponder.FreeAddress();
        using var issued = ca.Issue(new PkiLeaf { Hosts = [Host], OcspResponders = [address.AbsoluteUri] });
        await using var responder = await OpenSslResponder.StartAsync(ca, address, issued);
        await using var edge = await EdgeProcess.StartAsync(new EdgeSetup
        {
            Hosts = [Host],
            Files = [issued.WriteTo(_directory.Path)],
            Settings = configured ? new Dictionary<string, JsonNode?> { ["OutgoingProxy"] = $"{proxy.Url}" } : [],
            Environment = configured ? new Dictionary<string, string> { ["HTTP_PROXY"] = "http://127.0.0.1:9", ["NO_PROXY"] = "*" } : new() { ["HTTP_PROXY"] = $"{proxy.Url}" },
        });

        await edge.WaitForMetricsAsync(metrics => metrics.Sum("imgw_ocsp_staple_state", ("host", Host), ("state", "good")) == 1, Patience);
        await proxy.WaitForRequestAsync($" {address.AbsoluteUri}");
    }

    [Fact]
    public async Task A_reload_reaches_OCSP_and_a_key_that_is_no_proxy_is_refused_without_its_password()
    {
        await using var proxy = await TinyProxy.StartAsync();
        using var ca = TestCa.Create("Behind a proxy");
        var address = OpenSslResponder.FreeAddress();
        using var issued = ca.Issue(new PkiLeaf { Hosts = [Host], OcspResponders = [address.AbsoluteUri] });
        using var next = ca.Issue(new PkiLeaf { Hosts = [Host], OcspResponders = [address.AbsoluteUri] });
        await using var responder = await OpenSslResponder.StartAsync(ca, address, next);
        await using var edge = await EdgeProcess.StartAsync(new EdgeSetup
        {
            Hosts = [Host],
            Files = [issued.WriteTo(_directory.Path)],
            Settings = new Dictionary<string, JsonNode?> { ["OutgoingProxy"] = "http://127.0.0.1:9" },
        });
        var line = await edge.WaitForLogAsync(it => it.Message.Contains("no OCSP response: ", StringComparison.Ordinal), Patience);
        line.AssertSays($"{address.Authority} through the proxy 127.0.0.1:9: Connection refused");

        var refused = await ReloadAsync($"https://{Login}@{proxy.Address}");
        Assert.Equal(1, refused.ExitCode);
        refused.Error.AssertSays("Edge:OutgoingProxy: ", "write http://host:port");
        Assert.DoesNotContain("of-the-proxy", refused.All + edge.Log, StringComparison.Ordinal);

        var taken = await ReloadAsync($"{proxy.Url}");
        Assert.True(taken.ExitCode == 0, taken.All);
        // By this reload, or by that of the watched file.
        await edge.WaitForLogAsync(it => it.Message == $"Edge:OutgoingProxy: http://127.0.0.1:9 → http://{proxy.Address}", Patience);
        next.WriteTo(_directory.Path);
        await edge.WaitForMetricsAsync(metrics => metrics.Sum("imgw_ocsp_staple_state", ("host", Host), ("state", "good")) == 1, Patience);
        await proxy.WaitForRequestAsync($" {address.AbsoluteUri}");

        async Task<ToolResult> ReloadAsync(string proxy)
        {
            var config = JsonNode.Parse(await File.ReadAllTextAsync(edge.ConfigFile))!;
            config["Edge"]!["OutgoingProxy"] = proxy;
            await File.WriteAllTextAsync(edge.ConfigFile, config.ToJsonString());
            return await EdgeVerb.RunAsync("reload", "--config", edge.ConfigFile);
        }
    }

    static async Task AskGatewayAsync(EdgeProcess edge, Pebble pebble)
    {
        using var root = X509Certificate2.CreateFromPem(await pebble.IssuingRootPemAsync());
        using var response = await new EdgeClient(edge.Https, root).GetAsync(Host, "/api/anything");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    static string With(TinyProxy proxy) => $"http://{Login}@{proxy.Address}";

    static EdgeSetup Setup(Pebble pebble, Uri upstream, string? proxy) => new()
    {
        Hosts = [Host],
        Upstream = upstream,
        Ca = EdgeCa.Of(pebble),
        Settings = proxy is null ? [] : new Dictionary<string, JsonNode?> { ["OutgoingProxy"] = proxy },
    };
}
