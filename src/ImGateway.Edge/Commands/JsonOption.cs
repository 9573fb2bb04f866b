using System.CommandLine;
using System.Text.Json;
using ImGateway.Edge.Operations;

namespace ImGateway.Edge.Commands;

/// <summary><c>--json</c>, the same for every verb that has it: what the management port writes for the same thing.</summary>
static class JsonOption
{
    public static Option<bool> Create() => new("--json") { Description = "Write JSON, as /api on the management port does" };

    public static Task WriteAsync<T>(TextWriter output, T value) => output.WriteLineAsync(JsonSerializer.Serialize(value, EdgeStatus.Json));
}
