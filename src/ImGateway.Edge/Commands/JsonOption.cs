using System.CommandLine;
using System.Text.Json;
using ImGateway.Edge.Operations.Status;

namespace ImGateway.Edge.Commands;

/// <summary>The option <c>--json</c> of several verbs; the format is that of the management port.</summary>
static class JsonOption
{
    public static Option<bool> Create() => new("--json") { Description = "Write JSON, as /api on the management port does" };

    public static Task WriteAsync<T>(TextWriter output, T value) => output.WriteLineAsync(JsonSerializer.Serialize(value, StatusCollector.Json));
}
