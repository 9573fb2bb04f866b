using ImGateway.Edge.Certificates.Files;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tests.Configuration;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Certificates;

/// <summary>Certificates without a SAN (RFC 2818 §3.1): what <c>openssl x509 -req -signkey</c> makes of a request.</summary>
public sealed class CommonNameTests : IDisposable
{
    readonly TemporaryDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_certificate_without_a_SAN_is_served_for_its_common_name_with_a_warning()
    {
        await using var upstream = await EchoUpstream.StartAsync();
        var file = await SignItselfAsync("/C=US/ST=CA/L=SF/O=Example/CN=localhost");
        await using var edge = await EdgeProcess.StartAsync(new EdgeSetup { Hosts = ["localhost"], Upstream = upstream.Address, Files = [file] });

        var served = await ExternalTool.RunAsync(
            ExternalTool.Curl, ["--silent", "--show-error", "--fail", "--max-time", "20", "--cacert", file.Certificate, $"https://localhost:{edge.HttpsPort}/api/x"]);

        Assert.True(served.ExitCode == 0, served.All + edge.Log);
        var warning = await edge.WaitForLogAsync(line => line.Message.Contains("no SAN", StringComparison.Ordinal), TimeSpan.FromSeconds(20));
        Assert.Contains("browsers refuse", warning.Message, StringComparison.Ordinal);
        Assert.Contains("imgw cert self-signed --host localhost", warning.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Validate_warns_of_it_and_has_no_objection()
    {
        var file = await SignItselfAsync("/CN=localhost");
        File.WriteAllText(_folder["edge.json"], Settings.Merged(Settings.Valid,
            $$$"""{"Edge":{"Hosts":["localhost"],"Certificates":{"Files":[{"Certificate":"{{{file.Certificate}}}","Key":"{{{file.Key}}}"}]} } }"""));

        var said = await EdgeVerb.RunAsync("validate", "--config", _folder["edge.json"]);

        Assert.True(said.ExitCode == 0, said.All);
        Assert.StartsWith($"warning: {file.Certificate}: has no SAN", Assert.Single(said.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
        Assert.Contains("Edge:Hosts:0 = localhost", said.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/CN=localhost", "localhost")]
    [InlineData("/C=US/O=Example/CN=LocalHost/emailAddress=a@example.com", "localhost")]
    [InlineData("/CN=*.example.com", "gateway.example.com")]
    [InlineData("/CN=127.0.0.1", "127.0.0.1")]
    [InlineData("/CN=other.example.com/CN=localhost", "localhost")]
    public async Task The_common_name_counts_where_there_is_no_SAN(string subject, string host)
    {
        var reading = Read(await SignItselfAsync(subject), host);

        Assert.Empty(reading.Problems);
        Assert.True(reading.Credential!.Covers(HostName.Parse(host)));
    }

    [Theory]
    [InlineData("email:a@example.com")]
    [InlineData("DNS:other.example.com")]
    [InlineData("URI:https://localhost/")]
    public async Task The_common_name_counts_for_nothing_beside_a_SAN(string san)
    {
        var file = await SignItselfAsync("/CN=localhost", $"subjectAltName={san}");

        Assert.Null(Read(file, "localhost").Credential);
    }

    [Theory]
    [InlineData("/CN=Example Gateway", "no host name")]
    [InlineData("/O=Example", "no host name")]
    [InlineData("/CN=bücher.example", "no host name")]
    [InlineData("/CN=other.example.com", "other.example.com", "(localhost)")]
    public async Task A_common_name_that_is_not_the_host_is_a_problem_with_a_command(string subject, params string[] words)
    {
        var problem = Assert.Single(Read(await SignItselfAsync(subject), "localhost").Problems);

        problem.Message.AssertSays(words);
        Assert.Contains("imgw cert self-signed --host localhost", PastedCommand.In(problem.ToString()), StringComparison.Ordinal);
    }

    /// <summary>As the guide's own commands do it.</summary>
    async Task<CertificateFile> SignItselfAsync(string subject, string? extension = null)
    {
        var (key, request, certificate) = (_folder["server.key"], _folder["server.csr"], _folder["server.crt"]);
        await OpenSsl.RunAsync("genrsa", "-out", key, "2048");
        await OpenSsl.RunAsync("req", "-new", "-utf8", "-key", key, "-out", request, "-subj", subject);
        File.WriteAllText(_folder["extensions"], extension ?? "");
        await OpenSsl.RunAsync(["x509", "-req", "-days", "365", "-in", request, "-signkey", key, "-out", certificate, .. extension is null ? [] : new[] { "-extfile", _folder["extensions"] }]);
        return new CertificateFile { Certificate = certificate, Key = key };
    }

    static CertificateReading Read(CertificateFile file, string host) => new CertificateFileReader([HostName.Parse(host)], TimeProvider.System).Read(file);
}
