using System.CommandLine;
using System.Runtime.Versioning;
using System.Text.Json;
using ImGateway.Edge.Commands;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Operations.Doctor;

/// <summary>The verb with a name server of the test's.</summary>
[UnsupportedOSPlatform("windows")]
static class DoctorRun
{
    public static async Task<(int ExitCode, IReadOnlyList<(string Check, string Status, string What, string Remedy)> Findings)> OfAsync(
        string config, string resolver = "/etc/resolv.conf")
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var root = new RootCommand { DoctorCommand.Create(TestProcess.Engines, resolver) };
        var exitCode = await CommandLine.InvokeAsync(root, ["doctor", "--json", "--config", config], new InvocationConfiguration { Output = output, Error = error });
        Assert.Equal("", error.ToString());
        return (exitCode, [.. JsonElement.Parse(output.ToString()).EnumerateArray().Select(finding => (
            Text(finding, "check"), Text(finding, "status"), Text(finding, "what"), Text(finding, "remedy")))]);

        static string Text(JsonElement finding, string name) => finding.TryGetProperty(name, out var value) ? value.GetString()! : "";
    }
}
