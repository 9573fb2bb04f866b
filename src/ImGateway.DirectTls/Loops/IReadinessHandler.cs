using ImGateway.DirectTls.Native;

namespace ImGateway.DirectTls.Loops;

/// <summary>What a loop calls, on its own thread, when a registered descriptor is ready.</summary>
interface IReadinessHandler
{
    /// <summary>Must not block: every other connection of the loop waits meanwhile.</summary>
    void OnReady(Readiness events);
}
