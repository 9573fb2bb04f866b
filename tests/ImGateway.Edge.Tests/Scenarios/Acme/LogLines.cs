using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Acme;

static class LogLines
{
    /// <summary>The failure message contains the whole line.</summary>
    public static void AssertSays(this LogLine line, string text) =>
        Assert.True(line.Message.Contains(text, StringComparison.Ordinal), $"Not found: {text}\nin: {line.Message}");
}
