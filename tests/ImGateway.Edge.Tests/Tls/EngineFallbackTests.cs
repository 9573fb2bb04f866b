using System.Text.Json;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Tls;

/// <summary>An OpenSSL 3.5 that reports a version of which nothing is known: the edge serves with SslStream instead of Direct, and says so.</summary>
public sealed class EngineFallbackTests(TlsFixture tls) : IDisposable
{
    const string Reason = "it is known to work with OpenSSL 3.0 to 3.5, this is 3.6.0";

    readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task With_an_unknown_version_of_OpenSSL_the_edge_serves_with_SslStream()
    {
        using var copy = ProgramCopy.CreateOnNewOpenSsl();
        var environment = await UnknownVersionAsync();
        await using var edge = await EdgeProcess.StartAsync(tls.Setup(TestedEngine.Direct) with { Program = copy.Program, Environment = environment });

        // 1. It serves.
        using var response = await new EdgeClient(edge.Https, tls.Root.Certificate).GetAsync(TlsFixture.Gateway, "/health");
        Assert.True(response.IsSuccessStatusCode);

        // 2. One line of the log, the metrics and the status name the engine.
        var warning = Assert.Single(edge.Log.Lines, line => line.Message.Contains("Edge:Tls:Engine", StringComparison.Ordinal));
        Assert.Equal(("Warning", $"Edge:Tls:Engine: Direct cannot be used here: {Reason}. The engine is SslStream"), (warning.Level, warning.Message));
        var metrics = await edge.GetMetricsAsync();
        Assert.Equal((1, 0), (metrics.Sum("imgw_build_info", ("engine", "SslStream")), metrics.Sum("imgw_build_info", ("engine", "Direct"))));
        using var status = await edge.GetManagementAsync("/api/status");
        Assert.Equal("SslStream", JsonElement.Parse(await status.Content.ReadAsStringAsync(Cancellation)).GetProperty("engine").GetString());

        // 3. So does doctor, with a remedy.
        var doctor = await ExternalTool.RunAsync(
            "env", [.. environment.Select(variable => $"{variable.Key}={variable.Value}"), copy.Program, "doctor", "--json", "--config", edge.ConfigFile]);
        var finding = Finding(doctor);
        Assert.Equal(("warn", $"SslStream, because Edge:Tls:Engine cannot be used here: {Reason}"), (finding.GetProperty("status").GetString(), finding.GetProperty("what").GetString()));
        Assert.NotEmpty(finding.GetProperty("remedy").GetString()!);
    }

    [Theory, MemberData(nameof(Engines.OfProduct), MemberType = typeof(Engines))]
    public async Task With_a_known_version_the_engine_is_the_configured_one(TestedEngine engine)
    {
        var edge = await tls.EdgeAsync(engine);

        Assert.Equal(1, (await edge.GetMetricsAsync()).Sum("imgw_build_info", ("engine", engine.ToString())));
        Assert.DoesNotContain(edge.Log.Lines, line => line.Message.Contains("Edge:Tls:Engine", StringComparison.Ordinal));
        var finding = Finding(await EdgeVerb.RunAsync("doctor", "--json", "--config", edge.ConfigFile));
        Assert.Equal(("ok", engine.ToString()), (finding.GetProperty("status").GetString(), finding.GetProperty("what").GetString()));
    }

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    static JsonElement Finding(ToolResult doctor)
    {
        Assert.True(doctor.Output.StartsWith('['), doctor.All);
        return Assert.Single(JsonElement.Parse(doctor.Output).EnumerateArray(), finding => finding.GetProperty("check").GetString() == "engine");
    }

    async Task<IReadOnlyDictionary<string, string>> UnknownVersionAsync()
    {
        var library = _directory["openssl-version.so"];
        var compiled = await ExternalTool.RunAsync(
            "gcc", ["-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o", library, Repository.PathOf("tests", "ImGateway.Edge.Tests", "Tls", "openssl-version.c")]);
        Assert.True(compiled.ExitCode == 0, compiled.All);
        return new Dictionary<string, string>(StringComparer.Ordinal) { ["LD_PRELOAD"] = library, ["IMGW_OPENSSL_VERSION"] = "30600000" };
    }
}
