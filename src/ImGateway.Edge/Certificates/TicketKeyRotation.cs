using ImGateway.Edge.Scheduling;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates;

/// <summary>Rotates the session ticket keys once a day, because they live as long as their TLS context (docs/decisions).</summary>
sealed class TicketKeyRotation(ServerCertificateSelector selector, ScheduleClock clock)
{
    static readonly TimeSpan Lifetime = TimeSpan.FromDays(1);

    DueTime _next = DueTime.After(Lifetime, clock.Now);

    public void RotateWhenDue()
    {
        var now = clock.Now;
        if (!_next.IsDue(now)) return;
        selector.RotateTicketKeys();
        _next = DueTime.After(Lifetime, now);
    }
}
