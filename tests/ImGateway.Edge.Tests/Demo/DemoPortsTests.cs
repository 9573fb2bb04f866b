using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Demo;

/// <summary><c>imgw demo</c> beside programs that have its ports: in a network namespace, where every default port is this test's own.</summary>
public sealed class DemoPortsTests : IAsyncLifetime
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    readonly TemporaryDirectory _data = new();
    NetworkNamespace _space = null!;

    public async ValueTask InitializeAsync() => _space = await NetworkNamespace.CreateAsync(32768, 60999);

    public async ValueTask DisposeAsync()
    {
        await _space.DisposeAsync();
        _data.Dispose();
    }

    [Fact]
    public async Task Beside_a_gateway_on_8080_plain_HTTP_takes_the_next_port()
    {
        await using var gateway = await DemoGatewayProcess.StartAsync(8080, _space);

        await using var demo = await StartAsync("first", "--upstream", "http://127.0.0.1:8080");

        Assert.Contains("https://localhost:8443/", demo.Log.ToString(), StringComparison.Ordinal);
        Assert.Contains("http://localhost:8081/", demo.Log.ToString(), StringComparison.Ordinal);
        Assert.Contains("8080 is taken", demo.Log.ToString(), StringComparison.Ordinal);
        Assert.Equal("301 https://localhost:8443/api/time", await CurlAsync("http://localhost:8081/api/time"));
        Assert.Equal("200 ", await CurlAsync("https://localhost:8443/api/time", "--cacert", CaFile("first")));
    }

    [Fact]
    public async Task A_second_demo_takes_the_next_of_every_port()
    {
        await using var first = await StartAsync("first");

        await using var second = await StartAsync("second");

        Assert.Equal("200 ", await CurlAsync("https://localhost:8444/api/time", "--cacert", CaFile("second")));
        Assert.Equal("301 https://localhost:8444/", await CurlAsync("http://localhost:8081/"));
        Assert.Equal("200 ", await CurlAsync("http://localhost:9181/readyz"));
        Assert.Equal("200 ", await CurlAsync("https://localhost:8443/api/time", "--cacert", CaFile("first")));
    }

    [Fact]
    public async Task Ports_can_be_chosen()
    {
        await using var demo = await StartAsync("first", "--https", "9443", "--http", "9080", "--management", "9190");

        Assert.Equal("200 ", await CurlAsync("https://localhost:9443/api/time", "--cacert", CaFile("first")));
        Assert.Equal("301 https://localhost:9443/", await CurlAsync("http://localhost:9080/"));
        Assert.Equal("200 ", await CurlAsync("http://localhost:9190/readyz"));
        foreach (var program in (string[])["curl", "openssl"])
        {
            var lines = demo.Log.ToString().Split('\n').Select(line => line.Trim()).Where(line => line.StartsWith(program + " ", StringComparison.Ordinal)).ToList();
            Assert.NotEmpty(lines);
            foreach (var line in lines)
            {
                var pasted = await ExternalTool.RunAsync(_space.Prefix[0], [.. _space.Prefix.Skip(1), "bash", .. PastedCommand.Arguments(line, _data.Path)]);
                Assert.True(pasted.ExitCode == 0 && !pasted.All.Contains("verify error", StringComparison.Ordinal), $"{line}\n{pasted.All}");
            }
        }
    }

    [Theory]
    [InlineData("--https")]
    [InlineData("--http")]
    [InlineData("--management")]
    public async Task A_chosen_port_that_is_taken_is_one_line_that_names_the_option(string option)
    {
        await using var gateway = await DemoGatewayProcess.StartAsync(9443, _space);

        var said = await RunAsync("first", option, "9443");

        Assert.Equal((1, ""), (said.ExitCode, said.Output.Trim()));
        Assert.Single(said.Error.Trim().Split('\n')).AssertSays($"{option}: ", "9443", "taken", "ss -ltnp");
    }

    async Task<ExternalProcess> StartAsync(string data, params string[] arguments)
    {
        var command = Command(data, arguments);
        ExternalProcess? demo = null;
        demo = await ExternalProcess.StartAsync(command[0], command[1..], new Dictionary<string, string>(), () => Task.FromResult(true));
        try
        {
            await demo.Log.WaitForAsync(line => line.Text.Contains("Ctrl+C stops", StringComparison.Ordinal), Patience);
            return demo;
        }
        catch
        {
            await demo.DisposeAsync();
            throw;
        }
    }

    Task<ToolResult> RunAsync(string data, params string[] arguments)
    {
        var command = Command(data, arguments);
        return ExternalTool.RunAsync(command[0], command[1..]);
    }

    string[] Command(string data, string[] arguments) =>
        [.. _space.Prefix, "env", $"XDG_DATA_HOME={Directory.CreateDirectory(_data[data]).FullName}", .. EdgeVerb.Command, "demo", .. arguments];

    string CaFile(string data) => _data[data, "imgw-demo", "development-ca", "ca.pem"];

    async Task<string> CurlAsync(string url, params string[] more)
    {
        string[] command = [.. _space.Prefix, ExternalTool.Curl, "-4", "-sS", "--max-time", "20", "-o", "/dev/null", "-w", "%{http_code} %{redirect_url}", .. more, url];
        var said = await ExternalTool.RunAsync(command[0], command[1..]);
        return said.ExitCode == 0 ? said.Output : said.All;
    }
}
