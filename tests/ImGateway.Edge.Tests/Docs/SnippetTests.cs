using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ImGateway.Edge.Certificates.Files;
using ImGateway.Edge.Certificates.Issuance;
using ImGateway.Edge.Operations;
using ImGateway.Edge.Tests.Configuration;
using ImGateway.Testing;
using Microsoft.Extensions.Configuration;

namespace ImGateway.Edge.Tests.Docs;

/// <summary>The examples of the pages are parsed by the program they are for: the edge reads its configuration, bash the commands, Prometheus the queries.</summary>
public sealed class SnippetTests : IDisposable
{
    /// <summary>What cannot be compiled here; <c>text</c> is output and pictures, judged where it belongs to commands that are run.</summary>
    static readonly string[] Unread = ["text", "swift", "kotlin", "csharp", "mermaid"];

    static readonly string[] Read = ["json", "yaml", "bash", "javascript", "promql", "xml"];

    static readonly IReadOnlyList<Fence> All = [.. Documents.All.SelectMany(Fence.In)];

    /// <summary>Where <c>tests/partners/install</c> says it is.</summary>
    static readonly string PromTool = Environment.GetEnvironmentVariable("PROMTOOL") ?? "promtool";

    readonly TemporaryDirectory _directory = new();

    public static TheoryData<string> Json => [.. Of("json").Select(fence => fence.ToString())];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Every_block_has_a_language_that_is_looked_at_and_commands_say_whether_they_are_run()
    {
        Assert.True(All.Count > 60, $"only {All.Count} blocks were found");
        Findings.None(All.Where(fence => !Read.Contains(fence.Language) && !Unread.Contains(fence.Language)).Select(fence => $"{fence}: language '{fence.Language}'"));
        Findings.None(Of("bash").Where(fence => !fence.IsRun && !(fence.Note.StartsWith("not run: ", StringComparison.Ordinal) && fence.Note.Length > 15))
            .Select(fence => $"{fence}: write (run) or (not run: why)"));
    }

    [Theory, MemberData(nameof(Json))]
    public void Configurations_are_valid(string place)
    {
        var fence = All.Single(fence => fence.ToString() == place);
        var shown = JsonNode.Parse(fence.Text, documentOptions: new JsonDocumentOptions { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip })!;
        if (shown is not JsonObject root || !root.Any(section => section.Key is "Edge" or "ReverseProxy" or "Serilog")) return;

        // Files that it names are there, with a certificate for its hosts.
        var hosts = root["Edge"]?["Hosts"]?.AsArray().Select(host => (string)host!).ToArray() ?? ["im.example.com"];
        using var ca = TestCa.Create("Example Corporate CA");
        using var certificate = ca.Issue(hosts);
        foreach (var name in (string[])["server", "certs/server"]) certificate.WriteTo(Path.GetDirectoryName(_directory[name])!, Path.GetFileName(name));
        File.WriteAllText(_directory["fullchain.pem"], certificate.ChainPem);
        File.WriteAllText(_directory["privkey.pem"], certificate.KeyPem);
        var files = $$"""[{"Certificate":"{{_directory["server.crt"]}}","Key":"{{_directory["server.key"]}}"}]""";
        var complete = Settings.Merged(Settings.Valid, "{\"Edge\":{\"Certificates\":{\"Files\":" + files + "}}}");
        var text = root["Edge"]?["Hosts"] is null ? Settings.Merged(complete, root.ToJsonString()) : root.ToJsonString();
        text = text.Replace("/etc/imgw/", _directory.Path + "/", StringComparison.Ordinal);

        var options = Settings.Read(text).Options();
        Findings.None(CertificateFilesCheck.Problems(options, TimeProvider.System));
        Findings.None(AcmeFilesCheck.Problems(options, TimeProvider.System));
        var configuration = new ConfigurationBuilder().AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes(text))).Build();
        LoggerSetup.CreateLogger(configuration, readable: false, colours: false, Stream.Null).Dispose();
    }

    [Fact]
    public async Task Commands_are_bash_and_shellcheck_has_no_objection()
    {
        var files = Of("bash").Select(fence => Write(fence, ".sh", "#!/bin/bash\n")).ToList();
        foreach (var file in files) Assert.Equal("", (await ExternalTool.RunAsync("bash", ["-n", file])).All);

        // SC2164: a reader whose cd fails sees it. SC2046: several arguments from one command are sometimes meant.
        var said = await ExternalTool.RunAsync("shellcheck", ["--shell=bash", "--severity=warning", "--exclude=SC2164,SC2046", "--format=gcc", .. files]);
        Assert.True(said.ExitCode == 0, said.All);
    }

    [Fact]
    public void Every_line_that_calls_imgw_is_one_that_it_takes()
    {
        var calls = All.Where(fence => fence.Language == "bash").SelectMany(fence => ImgwCalls.In(fence.Text).Select(call => (Place: fence.ToString(), Call: call)))
            .Concat(Documents.All.SelectMany(page => ImgwCalls.Inline(Documents.Read(page)).Select(call => (Place: page, Call: call))))
            .ToList();

        Assert.True(calls.Count > 60, $"only {calls.Count} calls were found");
        Findings.None(calls.SelectMany(call => ImgwCalls.Mistakes(call.Call).Select(mistake => $"{call.Place}: imgw {call.Call}: {mistake}")));
    }

    [Fact]
    public async Task Queries_are_understood_by_Prometheus()
    {
        var rules = new StringBuilder("groups:\n- name: shown\n  rules:\n");
        foreach (var (fence, i) in Of("promql").Select((fence, i) => (fence, i))) rules.Append($"  - record: shown:{i}\n    expr: {JsonSerializer.Serialize(fence.Text)}\n");
        File.WriteAllText(_directory["rules.yml"], rules.ToString());

        var said = await ExternalTool.RunAsync(PromTool, ["check", "rules", _directory["rules.yml"]]);

        Assert.True(said.ExitCode == 0, said.All);
    }

    [Fact]
    public async Task Scripts_are_understood_by_JavaScript()
    {
        foreach (var fence in Of("javascript"))
        {
            var said = await ExternalTool.RunAsync("node", ["--check", Write(fence, ".js")]);
            Assert.True(said.ExitCode == 0, $"{fence}: {said.All}");
        }
    }

    [Fact]
    public async Task Other_files_are_well_formed()
    {
        foreach (var fence in Of("xml")) System.Xml.Linq.XElement.Parse($"<shown>{fence.Text}</shown>");
        foreach (var fence in All.Where(fence => fence.Language is "swift" or "kotlin")) Assert.True(Balance(fence.Text) == 0, $"{fence}: brackets do not match");
        if (Of("yaml").Select(fence => Write(fence, ".yaml")).ToArray() is not { Length: > 0 } files) return;
        var said = await ExternalTool.RunAsync("python3", ["-c", "import sys, yaml\nfor f in sys.argv[1:]: list(yaml.safe_load_all(open(f)))", .. files]);
        Assert.True(said.ExitCode == 0, said.All);
    }

    static IEnumerable<Fence> Of(string language) => All.Where(fence => fence.Language == language);

    static int Balance(string text) => text.Sum(c => c switch { '(' or '[' or '{' => 1, ')' or ']' or '}' => -1, _ => 0 });

    string Write(Fence fence, string extension, string before = "")
    {
        var file = _directory[$"{fence.Page.Replace('/', '-')}-{fence.Line}{extension}"];
        File.WriteAllText(file, before + fence.Text);
        return file;
    }
}
