namespace ImGateway.Edge.Demo;

/// <summary>Serves at once, with no configuration.</summary>
public static class DemoHost
{
    public static async Task<int> RunAsync(DemoSettings settings, CancellationToken cancellationToken)
    {
        await Console.Error.WriteLineAsync($"demo: not in this build ({settings})".AsMemory(), cancellationToken);
        return 1;
    }
}
