using ImGateway.Edge.Connections.Limits;

namespace ImGateway.Edge.Tls;

/// <summary>The concurrency slot of one handshake. Released once, by the engine or at the end of the handshake, whichever comes first. Thread-safe.</summary>
/// <param name="queue">The queue; null if the handshake needs no slot.</param>
sealed class HandshakeSlot(HandshakeQueue? queue)
{
    HandshakeQueue? _queue = queue;

    public void Release() => Interlocked.Exchange(ref _queue, null)?.Release();
}
