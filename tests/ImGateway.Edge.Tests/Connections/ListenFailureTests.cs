using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Connections;

/// <summary>Addresses that cannot be listened on: on a machine without IPv6, of another machine, taken, not allowed.</summary>
public sealed class ListenFailureTests : IAsyncLifetime
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    NetworkNamespace _space = null!;

    public async ValueTask InitializeAsync()
    {
        _space = await NetworkNamespace.CreateAsync(32768, 60999);
        await InSpaceAsync("echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6");
    }

    public ValueTask DisposeAsync() => _space.DisposeAsync();

    [Fact]
    public async Task A_default_address_that_the_machine_lacks_is_skipped_with_a_line()
    {
        await using var edge = await EdgeProcess.StartAsync(Defaults);

        Assert.Equal(443, edge.HttpsPort);
        Assert.Equal(new IPEndPoint(IPAddress.Loopback, 9180), edge.Management);
        var line = await edge.WaitForLogAsync(line => line.Message.Contains("[::1]:9180", StringComparison.Ordinal), Patience);
        Assert.Contains("skipped", line.Message, StringComparison.Ordinal);
        Assert.Contains("Edge:Listen:Management", line.Message, StringComparison.Ordinal);
        var ready = await EdgeVerb.RunInAsync(_space, "healthcheck", "--config", edge.ConfigFile);
        Assert.True(ready.ExitCode == 0, ready.All);
    }

    [Fact]
    public async Task Doctor_has_no_objection_to_a_default_address_that_the_machine_lacks()
    {
        using var folder = new TemporaryDirectory();

        var said = await EdgeVerb.RunInAsync(_space, "doctor", "--config", Defaults.WriteTo(folder.Path));

        var line = Assert.Single(said.All.Split('\n'), line => line.Contains("[::1]:9180", StringComparison.Ordinal));
        Assert.StartsWith("ok", line.Trim(), StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("Listen:Management", """["127.0.0.1:9180","[::1]:9180"]""", "Edge:Listen:Management:1: '[::1]:9180' is no address of this machine")]
    [InlineData("Listen:Https", """["192.0.2.1:443"]""", "Edge:Listen:Https:0: '192.0.2.1:443' is no address of this machine")]
    [InlineData("Listen:Http", """["127.0.0.1:0","[2001:db8::1]:80"]""", "Edge:Listen:Http:1: '[2001:db8::1]:80' is no address of this machine")]
    public async Task An_address_that_the_operator_wrote_is_an_error_with_its_key(string key, string addresses, string expected)
    {
        var (exitCode, output, error) = await EdgeProcess.RunUntilExitAsync(
            new EdgeSetup { Namespace = _space, Settings = new Dictionary<string, JsonNode?> { [key] = JsonNode.Parse(addresses) } });

        Assert.Equal(1, exitCode);
        Assert.StartsWith(expected, error.Trim(), StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Trim());
        Assert.DoesNotContain("Exception", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Listen:Https")]
    [InlineData("Listen:Http")]
    [InlineData("Listen:Management")]
    public async Task A_port_that_is_taken_is_an_error_with_its_key(string key)
    {
        using var holder = new TcpListener(IPAddress.Loopback, 0);
        holder.Start();

        var (exitCode, _, error) = await EdgeProcess.RunUntilExitAsync(
            new EdgeSetup { Settings = new Dictionary<string, JsonNode?> { [key] = new JsonArray($"{holder.LocalEndpoint}") } });

        Assert.Equal(1, exitCode);
        Assert.Equal(
            $"Edge:{key}:0: '{holder.LocalEndpoint}' is taken: address already in use; stop the program that has it (ss -ltnp names it), or choose another port",
            error.Trim());
    }

    [Fact]
    public async Task A_default_port_that_is_taken_is_an_error_that_says_so()
    {
        await using var gateway = await DemoGatewayProcess.StartAsync(80, _space);

        var (exitCode, _, error) = await EdgeProcess.RunUntilExitAsync(Defaults);

        Assert.Equal(1, exitCode);
        Assert.StartsWith("Edge:Listen:Http: '*:80', the default, is taken", error.Trim(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_setting_that_the_error_names_lets_an_ordinary_user_listen_on_low_ports()
    {
        var setup = Defaults with { User = 1234 };
        var (exitCode, _, error) = await EdgeProcess.RunUntilExitAsync(setup);
        Assert.Equal(1, exitCode);
        Assert.StartsWith("Edge:Listen:Https: '*:443', the default, is not allowed", error.Trim(), StringComparison.Ordinal);

        await InSpaceAsync(PastedCommand.In(error.Trim()));

        await using var edge = await EdgeProcess.StartAsync(setup);
        Assert.Equal(443, edge.HttpsPort);
    }

    EdgeSetup Defaults => new()
    {
        Namespace = _space,
        Settings = new Dictionary<string, JsonNode?> { ["Listen:Https"] = null, ["Listen:Http"] = null, ["Listen:Management"] = null },
    };

    async Task InSpaceAsync(string command)
    {
        var said = await ExternalTool.RunAsync(_space.Prefix[0], [.. _space.Prefix.Skip(1), "sh", "-c", command]);
        Assert.True(said.ExitCode == 0, said.All);
    }
}
