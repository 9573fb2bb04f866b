namespace ImGateway.Edge.Scheduling;

/// <summary>Random numbers for concurrent renewals. A <see cref="Random"/> with a seed, as tests register it, is not thread-safe.</summary>
sealed class SharedRandom(Random random)
{
    readonly Lock _lock = new();

    /// <summary>In [0, 1).</summary>
    public double NextDouble()
    {
        lock (_lock) return random.NextDouble();
    }
}
