using System.Runtime.Versioning;
using System.Text.Json.Nodes;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Acme;

/// <summary>What an operator, a disk or a network does to the program: one clear line with what to do, and it goes on with what it has.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class OperatorFaultTests
{
    const string Host = "gateway.test";

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    /// <summary>Renewed after four seconds, and tried again after five more.</summary>
    static readonly ScriptableCaOptions ShortLives = new() { RetryAfter = TimeSpan.Zero, Lifetime = TimeSpan.FromSeconds(40), ReuseAuthorizations = true };

    [Fact]
    public async Task A_full_disk_costs_no_order_and_no_connection()
    {
        await using var disk = await SmallDisk.MountAsync(kibibytes: 256);
        await using var ca = await ScriptableCa.StartAsync(ShortLives);
        await using var edge = await EdgeProcess.StartAsync(Setup(ca, ("DataDirectory", disk.Path), ("Acme:RenewAt", 0.9)));
        await AssertGoesOnAsync(ca, edge, disk.Fill, disk.Empty, "No space left on device");
    }

    [Fact]
    public async Task A_data_directory_that_may_not_be_written_to_costs_no_order_and_no_connection()
    {
        const int nobody = 65534;
        await using var ca = await ScriptableCa.StartAsync(ShortLives);
        await using var edge = await EdgeProcess.StartAsync(Setup(ca, ("Acme:RenewAt", 0.9)) with { User = nobody });
        var data = Path.Combine(edge.Directory, "data");
        await AssertGoesOnAsync(
            ca, edge,
            () => File.SetUnixFileMode(data, UnixFileMode.UserRead | UnixFileMode.UserExecute),
            () => File.SetUnixFileMode(data, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute),
            "denied");
    }

    [Fact]
    public async Task A_CA_whose_HTTPS_is_not_trusted()
    {
        using var stranger = TestCa.Create("Somebody else");
        await using var ca = await ScriptableCa.StartAsync();
        await AssertLineAsync(
            Setup(ca) with { Ca = EdgeCa.Of(ca) with { RootsPem = stranger.Pem } },
            "directory at 127.0.0.1: the CA's own HTTPS certificate is not trusted",
            "Edge:Acme:TrustedRootsFile");
        Assert.Equal(0, ca.OrdersCreated);
    }

    [Fact]
    public async Task Terms_that_were_not_accepted()
    {
        await using var ca = await ScriptableCa.StartAsync();
        var (code, _, error) = await EdgeProcess.RunUntilExitAsync(Setup(ca, ("Acme:AcceptTermsOfService", false)));
        Assert.Equal(1, code);
        Assert.Single(error.TrimEnd().Split('\n')).AssertSays("Edge:Acme:AcceptTermsOfService: ", "true", "terms of");
    }

    [Fact]
    public async Task Terms_that_have_changed()
    {
        await using var ca = await ScriptableCa.StartAsync();
        ca.Fail(CaOperation.NewOrder, CaFault.UserActionRequired);
        await AssertLineAsync(Setup(ca), "newOrder at 127.0.0.1: userActionRequired", "the CA wants something of its customer: follow what it says");
    }

    [Fact]
    public async Task A_CA_that_serves_its_customers_only()
    {
        await using var ca = await ScriptableCa.StartAsync(new ScriptableCaOptions { ExternalAccounts = new Dictionary<string, byte[]> { ["kid-1"] = new byte[32] } });
        await AssertLineAsync(Setup(ca), "127.0.0.1 registers its customers only", "set Edge:Acme:ExternalAccount:KeyId and HmacKeyFile to what it gave you");
    }

    [Fact]
    public async Task A_name_that_does_not_resolve()
    {
        await using var pebble = await Pebble.StartAsync();
        await pebble.Dns.SetDefaultIPv4Async("");
        // Pebble's word for it is "malformed".
        await AssertLineAsync(Setup(EdgeCa.Of(pebble)), "Could not resolve", "see that the name's A and AAAA records point to this edge, and that the CA reaches it");
    }

    [Fact]
    public async Task A_name_that_a_CA_does_not_find()
    {
        await using var ca = await ScriptableCa.StartAsync();
        ca.Fail(CaOperation.Challenge, CaFault.Invalid("dns"));
        await AssertLineAsync(Setup(ca, ("Acme:Challenges", new JsonArray("http-01"))), "dns: ", "let the name's A and AAAA records point to this edge");
    }

    [Fact]
    public async Task A_port_80_that_the_CA_does_not_reach()
    {
        await using var ca = await ScriptableCa.StartAsync();
        var setup = Setup(ca, ("Acme:Challenges", new JsonArray("http-01")));
        ca.HttpPort = FreePort.Next();
        await AssertLineAsync(setup, "connection: http-01 for gateway.test", "port 80 of the name has to reach this edge from the CA");
        Assert.Equal(1, ca.FailedValidations);
    }

    [Fact]
    public async Task A_port_80_that_another_program_has()
    {
        await using var ca = await ScriptableCa.StartAsync();
        var setup = Setup(ca);
        await using var first = await EdgeProcess.StartAsync(setup);
        var (code, _, error) = await EdgeProcess.RunUntilExitAsync(setup);
        Assert.Equal(1, code);
        Assert.Single(error.TrimEnd().Split('\n')).AssertSays("address already in use", "ss -ltnp", "another port");
    }

    static async Task AssertGoesOnAsync(ScriptableCa ca, EdgeProcess edge, Action begin, Action end, string why)
    {
        var client = new EdgeClient(edge.Https, ca.IssuingRoot);
        begin();
        var line = await edge.WaitForLogAsync(l => l.Message.Contains($"{Host}: renewal failed: ", StringComparison.Ordinal), Patience);
        line.AssertSays(why);
        line.Message.AssertSays("space", "owner", "goes on with certificate");
        await client.ServedSerialAsync(Host);
        Assert.Equal(ca.CertificatesIssued, ca.OrdersCreated);

        var swaps = (await edge.GetMetricsAsync()).Sum("imgw_certificate_swaps_total");
        end();
        // A swap is logged shortly before its renewal ends.
        await edge.WaitForMetricsAsync(
            metrics => metrics.Sum("imgw_certificate_swaps_total") > swaps && metrics.Sum("imgw_certificate_renewal_consecutive_failures") == 0, Patience);
    }

    static async Task AssertLineAsync(EdgeSetup setup, string what, string remedy)
    {
        await using var edge = await EdgeProcess.StartListeningAsync(setup);
        var line = await edge.WaitForLogAsync(l => l.Message.Contains($"{Host}: no certificate: ", StringComparison.Ordinal), Patience);
        line.AssertSays(what);
        line.AssertSays(remedy);
        using var alive = await edge.GetManagementAsync("/livez");
        Assert.True(alive.IsSuccessStatusCode);
        Assert.Equal(1, (await edge.GetMetricsAsync()).Sum("imgw_certificate_renewals_total", ("host", Host), ("result", "failure"), ("reason", "missing")));
    }

    static EdgeSetup Setup(ScriptableCa ca, params (string Key, JsonNode? Value)[] settings) => Setup(EdgeCa.Of(ca), settings);

    static EdgeSetup Setup(EdgeCa ca, params (string Key, JsonNode? Value)[] settings) => new()
    {
        Hosts = [Host],
        Ca = ca,
        Settings = settings.ToDictionary(setting => setting.Key, setting => setting.Value),
    };
}
