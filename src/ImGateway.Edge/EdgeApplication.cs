using ImGateway.Edge.Configuration;

namespace ImGateway.Edge;

/// <summary>Serves what the configuration says.</summary>
public static class EdgeApplication
{
    public static async Task<int> RunAsync(EdgeOptions options, IConfiguration configuration, CancellationToken cancellationToken)
    {
        await Console.Error.WriteLineAsync($"run: not in this build ({options.DefaultHost})".AsMemory(), cancellationToken);
        return 1;
    }
}
