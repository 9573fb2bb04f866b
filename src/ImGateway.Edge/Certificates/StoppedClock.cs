namespace ImGateway.Edge.Certificates;

/// <summary>For judging a certificate as of another moment.</summary>
sealed class StoppedClock(DateTimeOffset now) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => now;
}
