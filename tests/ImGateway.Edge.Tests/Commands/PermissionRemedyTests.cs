using System.Text.Json;
using System.Text.Json.Nodes;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Commands;

/// <summary>The commands that problems of owners and modes print, run by root as printed.</summary>
public sealed class PermissionRemedyTests : IDisposable
{
    const int OtherUser = 65534;

    readonly TemporaryDirectory _root = new();
    readonly string _folder;

    public PermissionRemedyTests()
    {
        const UnixFileMode readable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
            | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
        _folder = Directory.CreateDirectory(_root["it's a folder"]).FullName;
        SetMode(_root.Path, readable);
        SetMode(_folder, readable);
        Directory.CreateDirectory(At("data"));
        SetMode(At("data"), readable);
    }

    public void Dispose() => _root.Dispose();

    [Fact]
    public async Task What_is_open_to_other_users_is_closed_by_the_command()
    {
        var found = await DataDirectoryAsync(user: null);
        Assert.Equal("warn", found.Status);

        await RunAsync(found.Remedy);

        Assert.Equal("ok", (await DataDirectoryAsync(user: null)).Status);
    }

    [Fact]
    public async Task A_data_directory_of_another_user_is_given_to_this_one_by_the_command()
    {
        SetMode(At("data"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var found = await DataDirectoryAsync(OtherUser);
        Assert.Equal("fail", found.Status);

        await RunAsync(found.Remedy);

        Assert.Equal("ok", (await DataDirectoryAsync(OtherUser)).Status);
    }

    [Fact]
    public async Task A_start_that_finds_the_store_of_another_user_succeeds_after_the_command()
    {
        var setup = new EdgeSetup { User = OtherUser, Settings = new Dictionary<string, JsonNode?> { ["DataDirectory"] = At("data") } };
        var (exitCode, _, error) = await EdgeProcess.RunUntilExitAsync(setup);
        Assert.Equal(1, exitCode);
        Assert.Contains("belongs to another user", error, StringComparison.Ordinal);

        await RunAsync(error.Trim());

        await using var edge = await EdgeProcess.StartAsync(setup);
    }

    [Fact]
    public async Task A_hook_that_is_not_executable_is_allowed_by_the_command()
    {
        File.WriteAllText(At("the hook"), "#!/bin/sh\n");
        var configuration = Configuration(("Certificates", """{"Source":"Acme"}"""), ("Acme", JsonSerializer.Serialize(
            new { AcceptTermsOfService = true, Challenges = new[] { "dns-01" }, DnsHook = At("the hook") })));
        var refused = await EdgeVerb.RunAsync("validate", "--config", configuration);
        Assert.Contains("is not executable", refused.Error, StringComparison.Ordinal);

        await RunAsync(refused.Error.Trim());

        var valid = await EdgeVerb.RunAsync("validate", "--config", configuration);
        Assert.True(valid.ExitCode == 0, valid.All);
    }

    [Fact]
    public void No_command_stands_in_parentheses_without_what_it_is_to_be_used_on()
    {
        var source = Repository.PathOf("src", "ImGateway.Edge");
        Docs.Findings.None(Directory.EnumerateFiles(source, "*.cs", SearchOption.AllDirectories)
            .SelectMany(file => File.ReadLines(file).Where(line => line.Contains("(chmod", StringComparison.Ordinal) || line.Contains("(chown", StringComparison.Ordinal))
                .Select(line => $"{Path.GetFileName(file)}: {line.Trim()}")));
    }

    async Task<(string Status, string Remedy)> DataDirectoryAsync(int? user)
    {
        string[] arguments = ["doctor", "--json", "--config", Configuration(("Certificates", """{"Source":"SelfSigned","AllowSelfSigned":true}"""))];
        var said = user is { } id ? await EdgeVerb.RunAsAsync(id, arguments) : await EdgeVerb.RunAsync(arguments);
        using var findings = JsonDocument.Parse(said.Output);
        var all = findings.RootElement.EnumerateArray().Where(finding => finding.GetProperty("check").GetString() == "data directory")
            .Select(finding => (Status: finding.GetProperty("status").GetString()!, Remedy: finding.TryGetProperty("remedy", out var remedy) ? remedy.GetString() ?? "" : "")).ToList();
        return all.FirstOrDefault(finding => finding.Status != "ok", all[0]);
    }

    async Task RunAsync(string remedy)
    {
        var said = await PastedCommand.RunAsync(PastedCommand.In($" {remedy}"), _folder);
        Assert.True(said.ExitCode == 0, $"{remedy}\n{said.All}");
    }

    string Configuration(params (string Key, string Json)[] sections)
    {
        var edge = new JsonObject { ["Hosts"] = new JsonArray("gateway.example.com"), ["Upstreams"] = new JsonArray("http://127.0.0.1:9"), ["DataDirectory"] = At("data") };
        foreach (var (key, json) in sections) edge[key] = JsonNode.Parse(json);
        File.WriteAllText(At("edge.json"), new JsonObject { ["Edge"] = edge }.ToJsonString());
        return At("edge.json");
    }

    static void SetMode(string path, UnixFileMode mode)
    {
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, mode);
    }

    string At(string name) => Path.Combine(_folder, name);
}
