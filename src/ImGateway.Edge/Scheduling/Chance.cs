namespace ImGateway.Edge.Scheduling;

/// <summary>A source of chance that several hosts may share.</summary>
sealed class Chance(Random random)
{
    readonly Lock _lock = new();

    /// <summary>In [0, 1).</summary>
    public double Next()
    {
        lock (_lock) return random.NextDouble();
    }
}
