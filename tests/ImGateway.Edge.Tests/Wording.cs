namespace ImGateway.Edge.Tests;

static class Wording
{
    /// <summary>A message has what its reader needs: the place, the value, the remedy. The sentence around them may change.</summary>
    public static void AssertSays(this string? message, params string[] parts) =>
        Assert.All(parts, part => Assert.Contains(part, message, StringComparison.Ordinal));
}
