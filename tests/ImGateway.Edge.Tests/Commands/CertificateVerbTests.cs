using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Commands;

/// <summary>The certificate verbs as processes, against an edge that runs as one, and against the files it leaves.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class CertificateVerbTests : IDisposable
{
    const string Host = "gateway.test", Wildcard = "*.wild.test";

    readonly TemporaryDirectory _directory = new();
    readonly TestCa _root = TestCa.Create("Verb Root");
    readonly TestCa _ca;
    readonly IssuedCertificate _first;
    readonly IssuedCertificate _wild;

    public CertificateVerbTests()
    {
        _ca = _root.CreateIntermediate("Verb Intermediate");
        _first = _ca.Issue(Host);
        _wild = _ca.Issue(Wildcard);
    }

    public void Dispose()
    {
        _first.Dispose();
        _wild.Dispose();
        _ca.Dispose();
        _root.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task Import_and_rollback_change_what_is_served_and_all_reports_agree()
    {
        await using var edge = await EdgeProcess.StartAsync(Setup());
        var client = new EdgeClient(edge.Https, _root.Certificate);
        using var next = _ca.Issue(Host);
        var file = next.WriteEncryptedTo(_directory.Path, "a secret", "next");
        await File.WriteAllTextAsync(_directory["password"], "a secret\n");

        var imported = await VerbAsync(edge, "cert", "import", "--cert", file.Certificate, "--key", file.Key!, "--password-file", _directory["password"]);

        Assert.Equal(0, imported.ExitCode);
        imported.Error.AssertSays($"warning: {_directory["first.crt"]}: serves no host", $"{Host} ", "imported");
        Assert.Single(imported.Output.TrimEnd().Split('\n')).AssertSays($"{Host}: ", $"certificate {next.SerialNumber} in place of {_first.SerialNumber}", $"{next.Leaf.NotAfter.ToUniversalTime():u}");
        Assert.Equal(next.SerialNumber, await client.ServedSerialAsync(Host));
        Assert.Equal(_wild.SerialNumber, await client.ServedSerialAsync("a.wild.test"));
        await SameEverywhereAsync(edge, next.SerialNumber, previous: _first.SerialNumber);

        var rolledBack = await VerbAsync(edge, "cert", "rollback", Host);

        Assert.Equal((0, ""), (rolledBack.ExitCode, rolledBack.Error));
        Assert.Equal(_first.SerialNumber, await client.ServedSerialAsync(Host));
        await SameEverywhereAsync(edge, _first.SerialNumber, previous: next.SerialNumber);
    }

    [Fact]
    public async Task Refused_imports_are_one_line_each_and_change_nothing()
    {
        await using var edge = await EdgeProcess.StartAsync(Setup());
        var client = new EdgeClient(edge.Https, _root.Certificate);

        foreach (var (name, words) in WriteBadOnes())
        {
            var (certificate, key) = (_directory[name + ".crt"], _directory[name + ".key"]);
            var result = await VerbAsync(edge, "cert", "import", "--cert", certificate, "--key", key);

            Assert.Equal((1, ""), (result.ExitCode, result.Output));
            var line = Assert.Single(result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
            Assert.StartsWith(_directory[name], line);
            Assert.Contains(words, line);
            Assert.DoesNotContain("PRIVATE KEY", line);
            Assert.Equal(_first.SerialNumber, await client.ServedSerialAsync(Host));
        }

        var after = await JsonAsync(edge, "cert", "show", Host);
        Assert.False(after.TryGetProperty("previous", out _));
    }

    [Fact]
    public async Task List_show_and_pins_print_the_same_while_the_edge_runs_and_when_it_does_not()
    {
        await using var edge = await EdgeProcess.StartAsync(Setup());
        string[][] verbs = [["cert", "list"], ["cert", "show", "_.wild.test"], ["cert", "show", Wildcard], ["cert", "pins", Host], ["cert", "list", "--json"]];
        List<string> running = [];
        foreach (var verb in verbs) running.Add((await VerbAsync(edge, verb)).Output);
        await edge.StopAsync(TimeSpan.FromSeconds(30));

        for (var i = 0; i < verbs.Length; i++)
        {
            var stopped = await VerbAsync(edge, verbs[i]);
            Assert.Equal((0, ""), (stopped.ExitCode, stopped.Error));
            Assert.Equal(running[i], stopped.Output);
        }

        Assert.Matches($@"^HOST +SERIAL +KEY +NOT AFTER +DAYS LEFT +SOURCE +NEXT\n{Host} +{_first.SerialNumber} +P256 +", running[0]);
        Assert.Equal(running[1], running[2]);
        Assert.Matches(@"(?m)^OCSP +not offered$", running[1]);
        Assert.Matches(@"(?m)^chain +2 certificates$", running[1]);
        Assert.Equal($"current  sha256/{Convert.ToBase64String(SHA256.HashData(_first.Leaf.PublicKey.ExportSubjectPublicKeyInfo()))}  serial {_first.SerialNumber}\n", running[3]);
    }

    [Fact]
    public async Task Pins_with_a_backup_generates_its_key_once()
    {
        await using var edge = await EdgeProcess.StartAsync(Setup());
        var backup = _directory["backup.key"];

        var first = await VerbAsync(edge, "cert", "pins", Host, "--backup", backup);
        var again = await VerbAsync(edge, "cert", "pins", Host, "--backup", backup);

        using var key = ECDsa.Create();
        key.ImportFromPem(await File.ReadAllTextAsync(backup));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(backup));
        Assert.Contains($"sha256/{Convert.ToBase64String(SHA256.HashData(key.ExportSubjectPublicKeyInfo()))}", first.Output);
        Assert.Equal((1, ""), (again.ExitCode, again.Output));
        Assert.StartsWith($"{backup}: exists already", again.Error);
    }

    [Fact]
    public async Task An_unknown_name_lists_the_known_ones()
    {
        var config = Setup().WriteTo(_directory.Path);

        foreach (var verb in (string[])["show", "rollback", "pins"])
        {
            var result = await EdgeVerb.RunAsync("cert", verb, "gatewy.test", "--config", config);

            Assert.Equal((1, ""), (result.ExitCode, result.Output));
            Assert.Single(result.Error.TrimEnd().Split('\n')).AssertSays("'gatewy.test'", ": gateway.test, _.wild.test");
        }
    }

    [Fact]
    public async Task What_is_imported_and_rolled_back_while_no_edge_runs_is_served_from_the_next_start_on()
    {
        var setup = Setup();
        var config = setup.WriteTo(_directory.Path);
        await using (var once = await EdgeProcess.StartAsync(setup)) await once.StopAsync(TimeSpan.FromSeconds(30));
        using var next = _ca.Issue(Host);
        var file = next.WriteTo(_directory.Path, "next");

        var imported = await EdgeVerb.RunAsync("cert", "import", "--cert", file.Certificate, "--key", file.Key!, "--config", config);
        await using (var edge = await EdgeProcess.StartAsync(setup))
        {
            Assert.Equal(next.SerialNumber, await new EdgeClient(edge.Https, _root.Certificate).ServedSerialAsync(Host));
            await edge.StopAsync(TimeSpan.FromSeconds(30));
        }

        var rolledBack = await EdgeVerb.RunAsync("cert", "rollback", Host, "--config", config);
        await using var last = await EdgeProcess.StartAsync(setup);

        Assert.Equal((0, 0), (imported.ExitCode, rolledBack.ExitCode));
        imported.Output.AssertSays("no edge runs", "next start");
        Assert.Equal(_first.SerialNumber, await new EdgeClient(last.Https, _root.Certificate).ServedSerialAsync(Host));
    }

    [Fact]
    public async Task Healthcheck_says_no_before_the_edge_runs_yes_while_it_does_and_no_afterwards()
    {
        var setup = Setup();
        var config = setup.WriteTo(_directory.Path);

        var before = await EdgeVerb.RunAsync("healthcheck", "--config", config);
        await using var edge = await EdgeProcess.StartAsync(setup);
        var ready = await EdgeVerb.RunAsync("healthcheck", "--config", config);
        await edge.StopAsync(TimeSpan.FromSeconds(30));
        var stopped = await EdgeVerb.RunAsync("healthcheck", "--config", config);

        Assert.Equal((0, "ready\n", ""), (ready.ExitCode, ready.Output, ready.Error));
        Assert.All([before, stopped], result =>
        {
            Assert.Equal((1, ""), (result.ExitCode, result.Output));
            Assert.Matches(@"^\S+/control\.sock: no edge answers there: .*\n$", result.Error);
        });
    }

    EdgeSetup Setup() => new()
    {
        Hosts = [Host, Wildcard],
        Files = [_first.WriteTo(_directory.Path, "first"), _wild.WriteTo(_directory.Path, "wild")],
        Settings = new Dictionary<string, JsonNode?> { ["DataDirectory"] = _directory["data"] },
    };

    static Task<ToolResult> VerbAsync(EdgeProcess edge, params string[] verb) => EdgeVerb.RunAsync([.. verb, "--config", edge.ConfigFile]);

    static async Task<JsonElement> JsonAsync(EdgeProcess edge, params string[] verb)
    {
        var result = await VerbAsync(edge, [.. verb, "--json"]);
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        return JsonElement.Parse(result.Output);
    }

    static async Task SameEverywhereAsync(EdgeProcess edge, string serial, string previous)
    {
        var verb = await JsonAsync(edge, "cert", "show", Host);
        using var answer = await edge.GetManagementAsync($"/api/certificates/{Host}");
        var api = JsonElement.Parse(await answer.Content.ReadAsStringAsync());
        Assert.Equal(serial, verb.GetProperty("serialNumber").GetString());
        Assert.Equal(previous, verb.GetProperty("previous").GetProperty("serialNumber").GetString());
        Assert.True(JsonElement.DeepEquals(verb, api), $"{verb}\n{api}");
    }

    IEnumerable<(string Name, string Words)> WriteBadOnes()
    {
        using var other = _ca.Issue(Host);
        using var weakKey = RSA.Create(1024);
        using var weak = _ca.Issue(new PkiLeaf { Hosts = [Host], Key = weakKey });
        using var expired = _ca.Issue([Host], notAfter: TimeProvider.System.GetUtcNow().AddDays(-1));
        using var elsewhere = _ca.Issue("elsewhere.test");
        Write("garbage", "no certificate at all", other.KeyPem);
        Write("damaged", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", other.KeyPem);
        Write("wrong-key", other.ChainPem, _first.KeyPem);
        Write("weak", weak.ChainPem, weak.KeyPem);
        Write("expired", expired.ChainPem, expired.KeyPem);
        Write("elsewhere", elsewhere.ChainPem, elsewhere.KeyPem);
        Write("empty", "", other.KeyPem);
        return
        [
            ("garbage", "is not PEM"), ("damaged", "damaged"), ("weak", "RSA key of 1024 bits"), ("expired", "expired"),
            ("wrong-key", $"wrong-key.key: the key does not belong to any of the 3 certificates in {_directory["wrong-key.crt"]}"),
            ("elsewhere", "covers none of the configured hosts"), ("empty", "is empty"),
        ];

        void Write(string name, string certificate, string key)
        {
            File.WriteAllText(_directory[name + ".crt"], certificate);
            File.WriteAllText(_directory[name + ".key"], key);
        }
    }
}
