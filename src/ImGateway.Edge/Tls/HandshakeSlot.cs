using ImGateway.Edge.Connections.Limits;

namespace ImGateway.Edge.Tls;

/// <summary>One handshake's place among those that compute. Left once, by the engine or at the end of the handshake, whichever is first.</summary>
/// <param name="queue">Null: it never had to wait.</param>
sealed class HandshakeSlot(HandshakeQueue? queue)
{
    HandshakeQueue? _queue = queue;

    public void Leave()
    {
        _queue?.Leave();
        _queue = null;
    }
}
