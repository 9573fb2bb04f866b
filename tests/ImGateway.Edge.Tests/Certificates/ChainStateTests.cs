using System.Text.Json.Nodes;
using ImGateway.Edge.Configuration;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Certificates;

/// <summary>Issue 16 §1: a chain that may not lead to a root is served, and reported wherever an operator looks.</summary>
public sealed class ChainStateTests : IDisposable
{
    const string Host = "gateway.test";

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    readonly TemporaryDirectory _directory = new();
    readonly TestCa _root = TestCa.Create("Corporate Root");
    readonly TestCa _outer;
    readonly TestCa _inner;

    public ChainStateTests() => (_outer, _inner) = Intermediates();

    static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _inner.Dispose();
        _outer.Dispose();
        _root.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task A_lone_leaf_of_a_private_root_is_served_unverified_until_the_root_is_named_as_chain()
    {
        using var issued = _root.Issue(Host);
        var file = Write(issued, issued.LeafPem);
        var setup = new EdgeSetup { Hosts = [Host], Files = [file], Settings = Data };
        await using (var edge = await EdgeProcess.StartAsync(setup))
        {
            Assert.Equal(issued.SerialNumber, (await new RawHello { ServerName = Host }.SendAsync(edge.Https)).Certificates[0].SerialNumber);
            await AssertReportedAsync(edge, "unverified", "'CN=Corporate Root' is missing", "Chain");
            Assert.Equal(0, await edge.StopAsync(Patience));
        }

        var named = file with { Chain = _directory["root.pem"] };
        await File.WriteAllTextAsync(named.Chain, _root.Pem, Cancelled);
        await using var silent = await EdgeProcess.StartAsync(setup with { Files = [named] });
        await AssertCompleteAsync(silent);
    }

    [Fact]
    public async Task A_lone_leaf_that_names_where_its_issuer_can_be_had_is_incomplete()
    {
        using var issued = _inner.Issue(new PkiLeaf { Hosts = [Host], CaIssuers = ["http://ca.example.com/inner.crt"] });
        await using var edge = await EdgeProcess.StartAsync(new EdgeSetup { Hosts = [Host], Files = [Write(issued, issued.LeafPem)] });
        await AssertReportedAsync(edge, "incomplete", "'CN=Inner' is missing", "http://ca.example.com/inner.crt");
    }

    [Fact]
    public async Task A_chain_that_lacks_a_later_link_is_incomplete()
    {
        using var issued = _inner.Issue(Host);
        await using var edge = await EdgeProcess.StartAsync(new EdgeSetup { Hosts = [Host], Files = [Write(issued, issued.LeafPem + _inner.Pem)] });
        await AssertReportedAsync(edge, "incomplete", "'CN=Outer' is missing", "append");
    }

    [Fact]
    public async Task A_chain_that_ends_below_a_root_of_the_machine_is_complete()
    {
        using var issued = _inner.Issue(Host);
        await File.WriteAllTextAsync(_directory["roots.pem"], _root.Pem, Cancelled);
        await using var edge = await EdgeProcess.StartAsync(new EdgeSetup
        {
            Hosts = [Host],
            Files = [Write(issued, issued.LeafPem + _inner.Pem + _outer.Pem)],
            Environment = new Dictionary<string, string> { ["SSL_CERT_FILE"] = _directory["roots.pem"] },
        });
        await AssertCompleteAsync(edge);
    }

    [Fact]
    public async Task The_leaf_alone_does_not_replace_a_complete_chain_even_over_a_restart()
    {
        var file = WriteComplete(out var serial);
        var setup = new EdgeSetup { Hosts = [Host], Files = [file], Settings = Data };
        await using (var edge = await EdgeProcess.StartAsync(setup))
        {
            using var next = _inner.Issue(Host);
            Write(next, next.LeafPem);
            await edge.WaitForMetricsAsync(metrics => metrics.Sum("imgw_certificate_files_refused", ("host", Host)) == 1, Patience);
            await AssertRefusedAsync(edge, serial);
            Assert.Equal(0, await edge.StopAsync(Patience));
        }

        await using var again = await EdgeProcess.StartAsync(setup);
        await AssertRefusedAsync(again, serial);

        using var whole = _inner.Issue(Host);
        Write(whole, whole.LeafPem + _inner.Pem + _outer.Pem + _root.Pem);
        await again.WaitForMetricsAsync(metrics => metrics.Sum("imgw_certificate_files_refused", ("host", Host)) == 0, Patience);
        Assert.Equal(whole.SerialNumber, (await new RawHello { ServerName = Host }.SendAsync(again.Https)).Certificates[0].SerialNumber);
    }

    [Fact]
    public async Task An_import_of_the_leaf_alone_does_not_replace_a_complete_chain()
    {
        var file = WriteComplete(out var serial);
        await using var edge = await EdgeProcess.StartAsync(new EdgeSetup { Hosts = [Host], Files = [file] });
        using var next = _inner.Issue(Host);
        Write(next, next.LeafPem, "next");
        var refused = await EdgeVerb.RunAsync("cert", "import", "--config", edge.ConfigFile, "--cert", _directory["next.crt"], "--key", _directory["next.key"]);
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("'CN=Inner' is missing", Assert.Single(refused.Error.TrimEnd().Split('\n')), StringComparison.Ordinal);
        Assert.Equal(serial, (await new RawHello { ServerName = Host }.SendAsync(edge.Https)).Certificates[0].SerialNumber);
    }

    Dictionary<string, JsonNode?> Data => new() { ["DataDirectory"] = _directory["data"] };

    async Task AssertReportedAsync(EdgeProcess edge, string state, string what, string remedy)
    {
        var line = Assert.Single(edge.Log.Lines, line => line["@l"] == "Warning" && line.Message.Contains(what, StringComparison.Ordinal)).Message;
        Assert.StartsWith($"{Host}: ", line, StringComparison.Ordinal);
        Assert.Contains(remedy, line, StringComparison.Ordinal);
        var metrics = await edge.GetMetricsAsync();
        foreach (var each in (string[])["complete", "unverified", "incomplete"])
            Assert.Equal(each == state ? 1 : 0, metrics.Sum("imgw_certificate_chain_state", ("host", Host), ("state", each)));
        var certificate = (await JsonAsync(edge, "/api/certificates")).AsArray()[0]!;
        Assert.Equal(state, (string)certificate["chainState"]!);
        Assert.Contains(what, (string)certificate["chainProblem"]!, StringComparison.Ordinal);
        Assert.Empty((await JsonAsync(edge, "/api/status"))["degraded"]!.AsArray());
        var list = await EdgeVerb.RunAsync("cert", "list", "--config", edge.ConfigFile);
        Assert.Contains(state, list.Output, StringComparison.Ordinal);
        Assert.Contains(what, list.Error, StringComparison.Ordinal);
        Assert.Contains(state, (await EdgeVerb.RunAsync("cert", "show", Host, "--config", edge.ConfigFile)).Output, StringComparison.Ordinal);
        var validate = await EdgeVerb.RunAsync("validate", "--config", edge.ConfigFile);
        Assert.Equal(0, validate.ExitCode);
        Assert.Contains(validate.Error.Split('\n'), line => line.StartsWith("warning: ", StringComparison.Ordinal) && line.Contains(what, StringComparison.Ordinal) && line.Contains(remedy, StringComparison.Ordinal));
        var doctor = await EdgeVerb.RunAsync("doctor", "--config", edge.ConfigFile);
        Assert.Contains(doctor.Output.Split('\n'), line => line.StartsWith("warn", StringComparison.Ordinal) && line.Contains(what, StringComparison.Ordinal) && line.Contains(remedy, StringComparison.Ordinal));
    }

    static async Task AssertCompleteAsync(EdgeProcess edge)
    {
        Assert.DoesNotContain(edge.Log.Lines, line => line["@l"] == "Warning" && line.Message.Contains("is missing", StringComparison.Ordinal));
        Assert.Equal(1, (await edge.GetMetricsAsync()).Sum("imgw_certificate_chain_state", ("host", Host), ("state", "complete")));
        var certificate = (await JsonAsync(edge, "/api/certificates")).AsArray()[0]!;
        Assert.Equal("complete", (string)certificate["chainState"]!);
        Assert.Null(certificate["chainProblem"]);
        Assert.Equal("", (await EdgeVerb.RunAsync("cert", "list", "--config", edge.ConfigFile)).Error);
    }

    async Task AssertRefusedAsync(EdgeProcess edge, string serial)
    {
        var refused = Assert.Single((await JsonAsync(edge, "/api/status"))["refusedFiles"]!.AsArray())!;
        Assert.Contains("'CN=Inner' is missing", (string)refused["why"]!, StringComparison.Ordinal);
        var shown = await new RawHello { ServerName = Host }.SendAsync(edge.Https);
        Assert.Equal(serial, shown.Certificates[0].SerialNumber);
        Assert.Equal(3, shown.Certificates.Count);
    }

    static async Task<JsonNode> JsonAsync(EdgeProcess edge, string path)
    {
        using var answer = await edge.GetManagementAsync(path);
        return JsonNode.Parse(await answer.Content.ReadAsStringAsync(Cancelled))!;
    }

    CertificateFile WriteComplete(out string serial)
    {
        using var issued = _inner.Issue(Host);
        serial = issued.SerialNumber;
        return Write(issued, issued.LeafPem + _inner.Pem + _outer.Pem + _root.Pem);
    }

    CertificateFile Write(IssuedCertificate issued, string pem, string name = "server")
    {
        // Each file once: what stands in it in between may be taken in, too.
        var file = new CertificateFile { Certificate = _directory[$"{name}.crt"], Key = _directory[$"{name}.key"] };
        File.WriteAllText(file.Key, issued.KeyPem);
        File.WriteAllText(file.Certificate, pem);
        return file;
    }

    (TestCa Outer, TestCa Inner) Intermediates()
    {
        var outer = _root.CreateIntermediate("Outer");
        return (outer, outer.CreateIntermediate("Inner"));
    }
}
