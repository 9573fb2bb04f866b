using Microsoft.Extensions.Time.Testing;

namespace ImGateway.Edge.Tests;

/// <summary>A clock turned by hand whose date may be put forward or back, as an operator or NTP does: time that passes is not affected.</summary>
public sealed class SteppedTimeProvider(DateTimeOffset start) : FakeTimeProvider(start)
{
    public TimeSpan Step { get; set; }

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Step;

    /// <summary>The base class makes it of the date.</summary>
    public override long GetTimestamp() => base.GetUtcNow().Ticks;
}
