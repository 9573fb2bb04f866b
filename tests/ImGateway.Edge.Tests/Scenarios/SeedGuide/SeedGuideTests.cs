using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using ImGateway.Edge.Configuration;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.SeedGuide;

/// <summary>The edge installed by the commands of the seed guide, option by option, and tested by the commands of the seed guide.</summary>
public sealed class SeedGuideTests : IAsyncLifetime
{
    const string Host = "gateway.example.com";

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    readonly TemporaryDirectory _folder = new();
    EchoUpstream _upstream = null!;

    public async ValueTask InitializeAsync() => _upstream = await EchoUpstream.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _upstream.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>What the guide asks of certbot by its options is what the edge is asked by its settings; Let's Encrypt is its test CA.</summary>
    [Fact]
    public async Task Option_1_Lets_Encrypt()
    {
        var arguments = (await SeedGuide.RunAsync(
            Assert.Single(SeedGuide.Commands("Option 1: Let's Encrypt (Recommended for Production)")), _folder.Path, "docker() { printf '%s\\n' \"$@\"; }")).Split('\n');
        Assert.Equal(["compose", "run", "--rm", "certbot", "certonly", "--webroot"], arguments[..6]);
        var host = arguments[Array.IndexOf(arguments, "-d") + 1];
        Assert.Equal(Host, host);
        await using var pebble = await Pebble.StartAsync();
        using var root = X509Certificate2.CreateFromPem(await pebble.IssuingRootPemAsync());

        await using var edge = await EdgeProcess.StartAsync(new EdgeSetup
        {
            Hosts = [host],
            Upstream = _upstream.Address,
            Ca = EdgeCa.Of(pebble),
            Settings = new Dictionary<string, JsonNode?>
            {
                ["Acme:Email"] = arguments[Array.IndexOf(arguments, "--email") + 1],
                ["Acme:AcceptTermsOfService"] = arguments.Contains("--agree-tos"),
                // --webroot: http-01, which the edge answers itself.
                ["Acme:Challenges"] = new JsonArray("http-01"),
            },
        });

        File.WriteAllText(_folder["trusted.pem"], root.ExportCertificatePem());
        await TestAsync(edge);
    }

    [Fact]
    public async Task Option_2_Self_signed_certificate()
    {
        await SeedGuide.RunAsync(Assert.Single(SeedGuide.Commands("Option 2: Self-Signed Certificate (Development Only)")), _folder.Path);

        await using var edge = await EdgeProcess.StartAsync(new EdgeSetup { Hosts = ["localhost"], Upstream = _upstream.Address, Files = [Deployed] });

        var said = await ExternalTool.RunAsync(
            ExternalTool.Curl, ["-sS", "--fail", "--max-time", "20", "--cacert", Deployed.Certificate, $"https://localhost:{edge.HttpsPort}/api/x"]);
        Assert.True(said.ExitCode == 0, said.All);
        await edge.WaitForLogAsync(line => line["@l"] == "Warning" && line.Message.Contains("browsers refuse it", StringComparison.Ordinal), Patience);
        var valid = await EdgeVerb.RunAsync("validate", "--config", edge.ConfigFile);
        Assert.True(valid.ExitCode == 0, valid.All);
    }

    /// <summary>The leaf alone, as the guide copies it: who issued it is known to the company's clients, and to no one else.</summary>
    [Fact]
    public async Task Option_3_Corporate_CA_certificate()
    {
        using var company = TestCa.Create("Example Corporate CA");
        using var issued = company.Issue(Host);
        File.WriteAllText(_folder["corporate.crt"], issued.LeafPem);
        File.WriteAllText(_folder["corporate.key"], issued.KeyPem);
        // The guide has made the folder in option 2.
        Directory.CreateDirectory(_folder["deploy", "docker", "certs"]);
        var said = await SeedGuide.RunAsync(Assert.Single(SeedGuide.Commands("Option 3: Corporate CA Certificate")), _folder.Path);
        Assert.Contains("Issuer: CN = Example Corporate CA", said, StringComparison.Ordinal);

        await using var edge = await EdgeProcess.StartAsync(new EdgeSetup { Hosts = [Host], Upstream = _upstream.Address, Files = [Deployed] });

        File.WriteAllText(_folder["trusted.pem"], company.Pem);
        await TestAsync(edge);
        await edge.WaitForLogAsync(line => line["@l"] == "Warning" && line.Message.Contains("Example Corporate CA", StringComparison.Ordinal), Patience);
        await edge.WaitForMetricsAsync(metrics => metrics.Sum("imgw_certificate_chain_state", ("host", Host), ("state", "unverified")) == 1, Patience);
    }

    [Fact]
    public void Every_option_of_the_guide_is_one_of_these() => Assert.Equal(
        SeedGuide.Headings.Where(heading => heading.StartsWith("Option ", StringComparison.Ordinal)).Select(heading => heading[..8]),
        typeof(SeedGuideTests).GetMethods().Where(method => method.Name.StartsWith("Option_", StringComparison.Ordinal)).Select(method => method.Name[..8].Replace('_', ' ')).Order(StringComparer.Ordinal));

    CertificateFile Deployed => new() { Certificate = _folder["deploy", "docker", "certs", "server.crt"], Key = _folder["deploy", "docker", "certs", "server.key"] };

    /// <summary>The guide's own tests of what was installed, with another address in place of the example's, and the CA.</summary>
    async Task TestAsync(EdgeProcess edge)
    {
        var programs =
            $$"""
            openssl() {
              local arguments=() argument
              for argument; do
                case $argument in
                  {{Host}}:443) arguments+=(127.0.0.1:{{edge.HttpsPort}} -servername {{Host}} -verify_return_error -verify_hostname {{Host}} -CAfile trusted.pem) ;;
                  *) arguments+=("$argument") ;;
                esac
              done
              command openssl "${arguments[@]}"
            }
            exec </dev/null
            """;
        Assert.Contains("TLSv1.3", await SeedGuide.RunAsync(Assert.Single(SeedGuide.Commands("Test TLS Version")), _folder.Path, programs), StringComparison.Ordinal);
        var said = await SeedGuide.RunAsync(Assert.Single(SeedGuide.Commands("Test Certificate")), _folder.Path, programs);
        Assert.Contains("Verify return code: 0 (ok)", said, StringComparison.Ordinal);
        Assert.Contains("notAfter=", said, StringComparison.Ordinal);
    }
}
