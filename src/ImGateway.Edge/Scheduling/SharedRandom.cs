namespace ImGateway.Edge.Scheduling;

/// <summary>A thread-safe source of random numbers, shared by several hosts.</summary>
sealed class SharedRandom(Random random)
{
    readonly Lock _lock = new();

    /// <summary>In [0, 1).</summary>
    public double NextDouble()
    {
        lock (_lock) return random.NextDouble();
    }
}
