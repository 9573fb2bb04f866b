using System.Net;
using System.Text.Json.Nodes;
using ImGateway.Edge.Configuration;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Certificates;

/// <summary>A refused certificate file is reported in the log, the metrics, the verbs and the status page until it is corrected.</summary>
public sealed class RefusedFileTests : IDisposable
{
    const string Good = "good.test", Bad = "bad.test";

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    readonly TemporaryDirectory _directory = new();
    readonly TestCa _root = TestCa.Create("Refused Root");
    readonly TestCa _ca;

    public RefusedFileTests() => _ca = _root.CreateIntermediate("Refused Intermediate");

    public void Dispose()
    {
        _ca.Dispose();
        _root.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task First_start_with_one_bad_file_serves_the_other_hosts_and_reports_the_file_until_it_is_mended()
    {
        var (good, bad) = (Write(Good), Write(Bad));
        await File.WriteAllTextAsync(bad.Certificate, "garbage", TestContext.Current.CancellationToken);
        var setup = new EdgeSetup { Hosts = [Good, Bad], Files = [good, bad] };
        Assert.Equal(1, (await EdgeVerb.RunAsync("validate", "--config", setup.WriteTo(_directory.Path))).ExitCode);
        await using var edge = await EdgeProcess.StartAsync(setup);

        Assert.Equal(HttpStatusCode.BadGateway, await StatusAsync(edge, Good));
        Assert.Contains(edge.Log.Lines, line => line["@l"] == "Error" && line.Message.Contains($"{bad.Certificate}: holds no certificate", StringComparison.Ordinal)
            && line.Message.Contains($"{Bad} has no certificate until the file is mended", StringComparison.Ordinal));
        await AssertReportedAsync(edge, bad.Certificate, "holds no certificate");
        var status = await StatusAsync(edge);
        Assert.True((bool)status["ready"]!);
        Assert.Contains($"no certificate for {Bad}", status["degraded"]!.AsArray().Select(reason => (string)reason!));

        Write(Bad);

        await edge.WaitForMetricsAsync(metrics => metrics.Sum("imgw_certificate_files_refused", ("host", Bad)) == 0, Patience);
        Assert.Equal(HttpStatusCode.BadGateway, await StatusAsync(edge, Bad));
        await AssertNotReportedAsync(edge, bad.Certificate);
    }

    [Fact]
    public async Task A_changed_file_that_is_refused_is_reported_until_it_is_mended()
    {
        var (good, bad) = (Write(Good), Write(Bad));
        await using var edge = await EdgeProcess.StartAsync(new EdgeSetup { Hosts = [Good, Bad], Files = [good, bad] });
        var before = await File.ReadAllTextAsync(bad.Certificate, TestContext.Current.CancellationToken);

        await File.WriteAllTextAsync(bad.Certificate, "garbage", TestContext.Current.CancellationToken);

        await edge.WaitForMetricsAsync(metrics => metrics.Sum("imgw_certificate_files_refused", ("host", Bad)) == 1, Patience);
        await AssertReportedAsync(edge, bad.Certificate, "holds no certificate");
        Assert.Equal(HttpStatusCode.BadGateway, await StatusAsync(edge, Bad));

        // The host serves this content already; nevertheless the refusal ends.
        await File.WriteAllTextAsync(bad.Certificate, before, TestContext.Current.CancellationToken);

        await edge.WaitForMetricsAsync(metrics => metrics.Sum("imgw_certificate_files_refused", ("host", Bad)) == 0, Patience);
        await AssertNotReportedAsync(edge, bad.Certificate);
    }

    [Fact]
    public async Task An_expired_file_is_served_with_an_alarm_where_there_is_nothing_else_also_by_the_next_start()
    {
        using var expired = _ca.Issue(new PkiLeaf { Hosts = [Bad], NotAfter = TimeProvider.System.GetUtcNow().AddHours(-2) });
        var setup = new EdgeSetup
        {
            Hosts = [Good, Bad],
            Files = [Write(Good), expired.WriteTo(_directory.Path, Bad)],
            Settings = new Dictionary<string, JsonNode?> { ["DataDirectory"] = _directory["data"] },
        };
        for (var start = 0; start < 2; start++)
        {
            await using var edge = await EdgeProcess.StartAsync(setup);

            var shown = await new RawHello { ServerName = Bad }.SendAsync(edge.Https);

            Assert.Equal(expired.SerialNumber, shown.Certificates[0].SerialNumber);
            await AssertReportedAsync(edge, _directory[Bad + ".crt"], "expired at");
            Assert.Contains(edge.Log.Lines, line => line["@l"] == "Error" && line.Message.Contains("served although it is valid only", StringComparison.Ordinal)
                || line.Message.Contains("is served all the same", StringComparison.Ordinal));
            Assert.Equal(0, await edge.StopAsync(Patience));
        }
    }

    async Task AssertReportedAsync(EdgeProcess edge, string file, string why)
    {
        var status = await StatusAsync(edge);
        var refused = Assert.Single(status["refusedFiles"]!.AsArray())!;
        Assert.Equal(file, (string)refused["file"]!);
        Assert.Contains(why, (string)refused["why"]!, StringComparison.Ordinal);
        Assert.Equal([Bad], refused["hosts"]!.AsArray().Select(host => (string)host!));
        Assert.Contains(status["degraded"]!.AsArray(), reason => ((string)reason!).StartsWith($"certificate file {file} for {Bad} is refused since ", StringComparison.Ordinal));
        var certificates = status["certificates"]!.AsArray();
        Assert.Null(certificates[0]!["refusedFiles"]);
        Assert.Equal(file, (string)certificates[1]!["refusedFiles"]![0]!["file"]!);
        Assert.Contains(status["audit"]!.AsArray(), entry => (string)entry!["action"]! == "fileRefused" && (string)entry["host"]! == Bad && (string)entry["who"]! == file);
        var metrics = await edge.GetMetricsAsync();
        Assert.Equal(1, metrics.Sum("imgw_certificate_files_refused", ("host", Bad)));
        Assert.Equal(1, metrics.Sum("imgw_certificate_load_failures_total", ("host", Bad)));
        var list = await EdgeVerb.RunAsync("cert", "list", "--config", edge.ConfigFile);
        Assert.Contains($"for {Bad}: {file}: ", list.Error, StringComparison.Ordinal);
        Assert.Contains(why, list.Error, StringComparison.Ordinal);
        Assert.Contains(why, (await EdgeVerb.RunAsync("cert", "show", Bad, "--config", edge.ConfigFile)).Output, StringComparison.Ordinal);
        Assert.Contains(why, (await EdgeVerb.RunAsync("doctor", "--config", edge.ConfigFile)).Output, StringComparison.Ordinal);
    }

    static async Task AssertNotReportedAsync(EdgeProcess edge, string file)
    {
        var status = await StatusAsync(edge);
        Assert.Empty(status["refusedFiles"]!.AsArray());
        Assert.Empty(status["degraded"]!.AsArray());
        Assert.Null(status["certificates"]![1]!["refusedFiles"]);
        Assert.Contains(status["audit"]!.AsArray(), entry => (string)entry!["action"]! == "fileMended" && (string)entry["host"]! == Bad && (string)entry["who"]! == file);
        Assert.Equal("", (await EdgeVerb.RunAsync("cert", "list", "--config", edge.ConfigFile)).Error);
    }

    static async Task<JsonNode> StatusAsync(EdgeProcess edge)
    {
        using var answer = await edge.GetManagementAsync("/api/status");
        return JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;
    }

    async Task<HttpStatusCode> StatusAsync(EdgeProcess edge, string host)
    {
        using var answer = await new EdgeClient(edge.Https, _root.Certificate).GetAsync(host, "/api");
        return answer.StatusCode;
    }

    CertificateFile Write(string host)
    {
        using var issued = _ca.Issue(host);
        return issued.WriteTo(_directory.Path, host);
    }
}
