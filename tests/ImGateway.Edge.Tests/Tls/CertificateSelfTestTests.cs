using System.Security.Cryptography;
using System.Text.Json.Nodes;
using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Configuration;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Tls;

/// <summary>What validate, a start, a swap and an import say of one certificate is the same.</summary>
public sealed class CertificateSelfTestTests : IDisposable
{
    const string Host = "gateway.test";

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    readonly TemporaryDirectory _directory = new();
    readonly TestCa _root = TestCa.Create("Proof Root");
    readonly TestCa _ca;

    public CertificateSelfTestTests() => _ca = _root.CreateIntermediate("Proof Intermediate");

    public void Dispose()
    {
        _ca.Dispose();
        _root.Dispose();
        _directory.Dispose();
    }

    [Theory]
    [InlineData("P521")]
    [InlineData("P384")]
    [InlineData("RSA2048")]
    [InlineData("RSA3072")]
    [InlineData("RSA4096")]
    public async Task A_key_that_the_checks_admit_is_swapped_in_and_served_by_the_next_start(string key)
    {
        using var first = _ca.Issue(Host);
        using var secret = KeyOf(key);
        using var second = _ca.Issue(new PkiLeaf { Hosts = [Host], Key = secret });
        var setup = new EdgeSetup
        {
            Hosts = [Host], Files = [first.WriteTo(_directory.Path)], Settings = new Dictionary<string, JsonNode?> { ["DataDirectory"] = _directory["data"] },
        };
        await using (var edge = await EdgeProcess.StartAsync(setup))
        {
            second.WriteTo(_directory.Path);
            await edge.WaitForMetricsAsync(metrics => metrics.Sum("imgw_certificate_swaps_total", ("host", Host)) == 1, Patience);
            Assert.Equal(second.SerialNumber, await new EdgeClient(edge.Https, _root.Certificate).ServedSerialAsync(Host));
            Assert.Equal(0, await edge.StopAsync(Patience));
        }

        await using var again = await EdgeProcess.StartAsync(setup);

        Assert.Equal(second.SerialNumber, await new EdgeClient(again.Https, _root.Certificate).ServedSerialAsync(Host));
        Assert.DoesNotContain("tls-policy.cnf", again.Errors.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Clients_without_a_name_get_the_wildcard_that_covers_the_default_host()
    {
        using var wildcard = _ca.Issue("*.example.test");
        await using var edge = await EdgeProcess.StartAsync(new EdgeSetup
        {
            Hosts = ["*.example.test"],
            Files = [wildcard.WriteTo(_directory.Path)],
            Settings = new Dictionary<string, JsonNode?> { ["Tls:DefaultHost"] = "a.example.test" },
        });

        var answer = await new RawHello().SendAsync(edge.Https);

        Assert.True(answer.Certificates.Count > 0, $"{answer}");
        Assert.Equal(wildcard.SerialNumber, answer.Certificates[0].SerialNumber);
    }

    /// <summary>OpenSSL's clients take 100 KiB of certificates at most; the checks of a file allow ten times as much.</summary>
    [Fact]
    public async Task A_certificate_that_no_handshake_can_carry_is_refused_by_validate_and_by_an_import_where_no_edge_runs()
    {
        using var huge = _ca.Issue([Host, .. Enumerable.Range(0, 4000).Select(i => $"name-{i:0000}.of-many.example.test")]);
        var file = huge.WriteTo(_directory.Path);
        var config = new EdgeSetup { Hosts = [Host], Files = [file] }.WriteTo(_directory.Path);

        var validated = await EdgeVerb.RunAsync("validate", "--config", config);

        Assert.Equal(1, validated.ExitCode);
        Assert.StartsWith($"{file.Certificate}: a handshake for {Host} failed: ", Assert.Single(Lines(validated.Error)), StringComparison.Ordinal);

        var imported = await EdgeVerb.RunAsync("cert", "import", "--config", config, "--cert", file.Certificate, "--key", file.Key!);

        Assert.Equal(1, imported.ExitCode);
        Assert.Contains($"a handshake for {Host} failed: ", imported.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(_directory["data", "certificates", Host, "current.pem"]));
    }

    [Fact]
    public async Task Validate_names_missing_files_together_with_all_other_mistakes_and_leaves_nothing_behind()
    {
        var missing = new CertificateFile { Certificate = _directory["missing.crt"], Key = _directory["missing.key"] };
        var config = new EdgeSetup
        {
            Hosts = ["a b"],
            Files = [missing],
            Settings = new Dictionary<string, JsonNode?>
            {
                ["Upstreams"] = new JsonArray("nonsense"), ["Certificates:KeyType"] = "P1", ["Certificates:OnChange"] = new JsonArray("/nowhere/program"),
            },
        }.WriteTo(_directory.Path);

        var result = await EdgeVerb.RunAsync("validate", "--config", config);

        Assert.Equal((1, ""), (result.ExitCode, result.Output));
        Assert.Equal(
            [
                missing.Certificate, missing.Key!,
                "Edge:Certificates:KeyType", "Edge:Certificates:OnChange:0", "Edge:Hosts:0", "Edge:Upstreams:0",
            ],
            Lines(result.Error).Select(line => line.Split(": ")[0]).Order(StringComparer.Ordinal));
        Assert.Equal([config], Directory.EnumerateFileSystemEntries(_directory.Path));
    }

    static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    static AsymmetricAlgorithm KeyOf(string key) => key switch
    {
        "P521" => ECDsa.Create(ECCurve.NamedCurves.nistP521),
        _ => Enum.Parse<KeyType>(key).CreateKey(),
    };
}
