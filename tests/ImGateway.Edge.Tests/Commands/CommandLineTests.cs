using System.CommandLine;
using ImGateway.Edge.Commands;
using ImGateway.Edge.Tests.Configuration;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Commands;

public sealed class CommandLineTests : IDisposable
{
    readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Validate_SixMistakes_SixLinesAndOne()
    {
        var file = Write(
            """
            {"Edge":{
              "Hots":["im.example.com"],
              "Upstreams":["https://gateway:8080"],
              "Routes":["/ws","api"],
              "Listen":{"Https":["443"]},
              "Tls":{"Policy":"Old"},
              "Certificates":{"Source":"SelfSigned"}
            }}
            """);

        var (exitCode, output, error) = await InvokeAsync("validate", "--config", file);

        Assert.Equal(1, exitCode);
        Assert.Empty(output);
        Assert.Equal(
            ["Edge:Certificates:Source", "Edge:Hots", "Edge:Listen:Https:0", "Edge:Routes:1", "Edge:Tls:Policy", "Edge:Upstreams:0"],
            error.Select(line => line.Split(": ")[0]).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Validate_Fine_SettingsOnOutputAndZero()
    {
        var (exitCode, output, error) = await InvokeAsync("validate", "--config", Write(Settings.Valid));

        Assert.Equal((0, 0), (exitCode, error.Length));
        Assert.Contains("Edge:Hosts:0 = im.example.com", output);
        Assert.All(output, line => Assert.StartsWith("Edge:", line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Validate_UnknownKey_One()
    {
        var (exitCode, _, error) = await InvokeAsync("validate", "--config", Write(Settings.Valid.Replace("\"Hosts\"", "\"AcessLog\":true,\"Hosts\"", StringComparison.Ordinal)));

        Assert.Equal(1, exitCode);
        Assert.Equal(["Edge:AcessLog: unknown key; did you mean Edge:AccessLog?"], error);
    }

    [Fact]
    public async Task Validate_RunsFurtherChecksWhateverElseIsWrong()
    {
        var checks = ValidateCommand.Create((configuration, _) =>
            Task.FromResult(new ValidateResult([$"{configuration.Draft.Certificates.Files[0].Certificate}: no such file; name another"])));
        var elsewhere = Write(Settings.Valid.Replace("http://", "https://", StringComparison.Ordinal));
        var among = Write(Settings.Valid.Replace("im.example.com", "a b", StringComparison.Ordinal));

        Assert.Equal(["Edge:Upstreams:0", "im.pem"], (await InvokeAsync(checks, "validate", "--config", elsewhere)).Error.Select(line => line.Split(": ")[0]));
        Assert.Equal(["Edge:Hosts:0", "im.pem"], (await InvokeAsync(checks, "validate", "--config", among)).Error.Select(line => line.Split(": ")[0]));
    }

    [Fact]
    public async Task A_mistake_of_the_user_is_one_line_and_one()
    {
        var (exitCode, output, error) = await InvokeAsync("run", "--config", Path.Combine(_directory.Path, "none.json"));

        Assert.Equal((1, 0), (exitCode, output.Length));
        Assert.EndsWith("none.json: no such file; give --config an existing one", Assert.Single(error), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("see 'imgw --help'")]
    [InlineData("'bogus' is no verb; see 'imgw --help'", "bogus")]
    [InlineData("'rneew' is no verb; see 'imgw cert --help'", "cert", "rneew")]
    [InlineData("see 'imgw run --help'", "run", "--config")]
    [InlineData("'@x'", "run", "@x")]
    [InlineData("see 'imgw cert show --help'", "cert", "show")]
    [InlineData("'--key' is required", "cert", "import", "--cert", "im.crt")]
    [InlineData("see 'imgw cert self-signed --help'", "cert", "self-signed", "--out", "d")]
    [InlineData("'a b' is not a host name", "cert", "self-signed", "--out", "d", "--host", "im.test", "a b")]
    [InlineData("--upstream: 'https://a' is not http://", "demo", "--upstream", "https://a")]
    [InlineData("--upstream: has user information", "demo", "--upstream", "http://u:p@a")]
    [InlineData("--listen: '80' is not an address and port", "demo", "--gateway-only", "--listen", "80")]
    [InlineData("--listen needs --gateway-only", "demo", "--listen", "127.0.0.1:80")]
    [InlineData("--https: '0' is not a port", "demo", "--https", "0")]
    [InlineData("--http: '65536' is not a port", "demo", "--http", "65536")]
    [InlineData("--management: 'x' is not a port", "demo", "--management", "x")]
    [InlineData("Required argument missing for option: '--https'", "demo", "--https")]
    [InlineData("--https and --http name the same port", "demo", "--https", "9443", "--http", "9443")]
    [InlineData("--https is no option of the gateway alone", "demo", "--gateway-only", "--https", "9443")]
    [InlineData("exclude each other", "demo", "--gateway-only", "--upstream", "http://a")]
    [InlineData("Name certificates, or give --all", "cert", "renew")]
    [InlineData("Name certificates, or give --all", "cert", "renew", "im.test", "--all")]
    [InlineData("'--reason' is required", "cert", "revoke", "im.test")]
    [InlineData("--reason: 'because' is no reason; choose among unspecified, keyCompromise", "cert", "revoke", "im.test", "--reason", "because")]
    [InlineData("--since: 'yesterday' is neither a date nor a duration", "audit", "--since", "yesterday")]
    [InlineData("see 'imgw doctor --help'", "doctor", "now")]
    public async Task Wrong_usage_is_one_line_and_two(string words, params string[] args)
    {
        var (exitCode, output, error) = await InvokeAsync(args);

        Assert.Equal((2, 0), (exitCode, output.Length));
        Assert.Contains(words, Assert.Single(error), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cert_self_signed_names_the_files_it_wrote()
    {
        var directory = Path.Combine(_directory.Path, "out");

        var (exitCode, output, error) = await InvokeAsync("cert", "self-signed", "--host", "im.test", "*.im.test", "--host", "127.0.0.1", "--out", directory);

        Assert.Equal((0, 0), (exitCode, error.Length));
        Assert.Equal(3, output.Length);
        Assert.All(output, line => Assert.True(File.Exists(line.Split(":", 2)[1].Trim())));
    }

    [Fact]
    public async Task Cert_self_signed_into_a_file_is_one_line_and_one()
    {
        var file = Write("{}");

        var (exitCode, output, error) = await InvokeAsync("cert", "self-signed", "--host", "im.test", "--out", file);

        Assert.Equal((1, 0), (exitCode, output.Length));
        Assert.StartsWith($"{file}: ", Assert.Single(error), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_has_examples_exit_codes_and_where_settings_come_from()
    {
        var (exitCode, output, error) = await InvokeAsync("--help");

        Assert.Equal((0, 0), (exitCode, error.Length));
        var help = string.Join('\n', output);
        Assert.All(["imgw demo", "imgw validate --config", "Exit codes", "Edge__Hosts__0", "appsettings.json"], words => Assert.Contains(words, help, StringComparison.Ordinal));
        Assert.All(["run", "demo", "validate", "doctor", "cert", "audit", "healthcheck"], verb => Assert.Contains($"\n  {verb} ", help, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("run")]
    [InlineData("demo")]
    [InlineData("validate")]
    [InlineData("healthcheck")]
    [InlineData("cert", "list")]
    [InlineData("cert", "import")]
    [InlineData("doctor")]
    [InlineData("audit")]
    [InlineData("cert", "self-signed")]
    public async Task Each_verb_has_help_of_its_own(params string[] verb)
    {
        var (exitCode, output, _) = await InvokeAsync([.. verb, "--help"]);

        Assert.Equal(0, exitCode);
        Assert.Contains($"  imgw {string.Join(' ', verb)} [options]", output.Select(line => line.Replace("testhost", "imgw", StringComparison.Ordinal).Replace("ImGateway.Edge.Tests", "imgw", StringComparison.Ordinal)));
    }

    string Write(string text)
    {
        var path = Path.Combine(_directory.Path, $"{Guid.NewGuid():N}.json");
        File.WriteAllText(path, text);
        return path;
    }

    static Task<(int ExitCode, string[] Output, string[] Error)> InvokeAsync(params string[] args) => InvokeAsync(ValidateCommand.Create(), args);

    static async Task<(int ExitCode, string[] Output, string[] Error)> InvokeAsync(Command validate, params string[] args)
    {
        var root = new RootCommand(CommandLine.Description)
        {
            RunCommand.Create(TestProcess.Engines), DemoCommand.Create(TestProcess.Engines), validate,
            DoctorCommand.Create(TestProcess.Engines), CertCommand.Create(TestProcess.Engines), AuditCommand.Create(TimeProvider.System), HealthcheckCommand.Create(),
        };
        var (output, error) = (new StringWriter(), new StringWriter());
        var exitCode = await CommandLine.InvokeAsync(root, args, new InvocationConfiguration { Output = output, Error = error });
        return (exitCode, Lines(output), Lines(error));
    }

    static string[] Lines(StringWriter writer) => writer.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
}
