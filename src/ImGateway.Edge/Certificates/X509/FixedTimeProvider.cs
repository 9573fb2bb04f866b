namespace ImGateway.Edge.Certificates.X509;

/// <summary>A clock that stands at a given time, to check a certificate as of that time.</summary>
sealed class FixedTimeProvider(DateTimeOffset now) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => now;
}
