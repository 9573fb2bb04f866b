using System.Diagnostics;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Commands;

/// <summary>The program as a process: what scripts rely on.</summary>
public sealed class ProgramTests : IDisposable
{
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Validate_reads_appsettings_of_the_working_directory()
    {
        await File.WriteAllTextAsync(Path.Combine(_directory.Path, "appsettings.json"), Minimal);
        await File.WriteAllTextAsync(Path.Combine(_directory.Path, "appsettings.Production.json"), """{"Edge":{"AccessLog":false}}""");

        var (exitCode, output, error) = await RunAsync(["validate"]);

        Assert.Equal((0, ""), (exitCode, error));
        Assert.Contains("Edge:Hosts:0 = im.example.com\n", output, StringComparison.Ordinal);
        Assert.Contains("Edge:AccessLog = true\n", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"Hosts":["im.example.com"],"Upstreams":["http://gateway:8080"]}""", "did you mean Edge:Hosts?")]
    [InlineData("""{"Edg":{"Hosts":["im.example.com"]}}""", "did you mean Edge?")]
    [InlineData("""{"Edge":{"Host":["im.example.com"],"Upstreams":["http://gateway:8080"],"Certificates":{"Source":"SelfSigned","AllowSelfSigned":true}}}""", "did you mean Edge:Hosts?")]
    public async Task Validate_says_which_required_key_is_misspelled_and_checks_nothing_that_needs_it(string json, string remedy)
    {
        await File.WriteAllTextAsync(Path.Combine(_directory.Path, "appsettings.json"), json);

        var (exitCode, output, error) = await RunAsync(["validate"]);

        Assert.Equal((1, ""), (exitCode, output));
        Assert.Contains(remedy, error, StringComparison.Ordinal);
        Assert.DoesNotContain("exception", error, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Environment_variables_override_the_file_and_suffice_without_one()
    {
        await File.WriteAllTextAsync(Path.Combine(_directory.Path, "edge.json"), Minimal);

        var over = await RunAsync(["validate", "--config", "edge.json"], ("Edge__Hosts__0", "other.example.com"), ("Edge__Listen__Http", ""));
        var alone = await RunAsync(
            ["validate"],
            ("Edge__Hosts__0", "im.example.com"), ("Edge__Upstreams__0", "http://gateway:8080"),
            ("Edge__Certificates__Source", "SelfSigned"), ("Edge__Certificates__AllowSelfSigned", "true"));

        Assert.Contains("Edge:Hosts:0 = other.example.com\n", over.Output, StringComparison.Ordinal);
        Assert.Contains("Edge:Listen:Http = (none)\n", over.Output, StringComparison.Ordinal);
        Assert.Equal((0, ""), (alone.ExitCode, alone.Error));
    }

    [Fact]
    public async Task A_variable_of_the_environment_without_Edge_counts_where_it_is_a_section()
    {
        await File.WriteAllTextAsync(Path.Combine(_directory.Path, "appsettings.json"), Minimal);

        var (exitCode, _, error) = await RunAsync(["validate"], ("TLS", "1"), ("Limits__Connections", "5"));

        Assert.Equal((1, "Limits: unknown key; did you mean Edge:Limits?"), (exitCode, error.Trim()));
    }

    [Fact]
    public async Task The_last_default_place_of_the_configuration_is_etc()
    {
        // In a mount namespace of its own, whose /etc is a folder of this test.
        var etc = Directory.CreateDirectory(Path.Combine(_directory.Path, "etc", "imgw")).Parent!.FullName;
        var empty = Directory.CreateDirectory(Path.Combine(_directory.Path, "empty")).FullName;
        await File.WriteAllTextAsync(Path.Combine(etc, "imgw", "appsettings.json"), Minimal);

        var said = await ExternalTool.RunAsync(
            "unshare", ["--mount", "sh", "-c", "mount --bind \"$1\" /etc && cd \"$2\" && shift 2 && exec \"$@\"", "sh", etc, empty, .. EdgeVerb.Command, "validate"]);

        Assert.True(said.ExitCode == 0, said.All);
        Assert.Contains("Edge:Hosts:0 = im.example.com\n", said.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_any_configuration_the_line_names_the_keys_and_the_demo()
    {
        var (exitCode, output, error) = await RunAsync(["run"]);

        Assert.Equal((1, ""), (exitCode, output));
        Assert.Single(error.TrimEnd().Split('\n'));
        Assert.All(["Edge:Hosts", "Edge:Upstreams", "Edge:Certificates:Source", "imgw demo", "/etc/imgw/appsettings.json"], words => Assert.Contains(words, error, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Forwarded_headers_of_the_framework_are_refused()
    {
        await File.WriteAllTextAsync(Path.Combine(_directory.Path, "appsettings.json"), Minimal);

        var (exitCode, _, error) = await RunAsync(["run"], ("ASPNETCORE_FORWARDEDHEADERS_ENABLED", "true"));

        Assert.Equal(1, exitCode);
        Assert.StartsWith("ASPNETCORE_FORWARDEDHEADERS_ENABLED: ", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wrong_usage_is_two_and_version_is_zero()
    {
        var wrong = await RunAsync(["serve"]);
        var version = await RunAsync(["--version"]);

        Assert.Equal((2, ""), (wrong.ExitCode, wrong.Output));
        Assert.Equal((0, ""), (version.ExitCode, version.Error));
        Assert.Matches(@"^\d+\.\d+\.\d+", version.Output);
    }

    const string Minimal =
        """{"Edge":{"Hosts":["im.example.com"],"Upstreams":["http://gateway:8080"],"Certificates":{"Source":"SelfSigned","AllowSelfSigned":true}}}""";

    async Task<(int ExitCode, string Output, string Error)> RunAsync(string[] args, params (string Name, string Value)[] environment)
    {
        var (file, first) = EdgeProcess.Program.EndsWith(".dll", StringComparison.Ordinal) ? ("dotnet", [EdgeProcess.Program]) : (EdgeProcess.Program, Array.Empty<string>());
        var start = new ProcessStartInfo(file, [.. first, .. args])
        {
            WorkingDirectory = _directory.Path, UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        try
        {
            var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            await process.WaitForExitAsync().WaitAsync(Limit);
            return (process.ExitCode, await output, await error);
        }
        finally
        {
            if (!process.HasExited) process.Kill();
        }
    }
}
