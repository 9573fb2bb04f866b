using System.Net.Sockets;

namespace ImGateway.Edge.Tests.Scenarios.RawTls;

/// <summary>The socket of a TLS client, one of whose flights is mutated on its way: every stage of a real handshake is reached.</summary>
/// <param name="socket">Stays the caller's.</param>
/// <param name="random">Chooses the mutations.</param>
/// <param name="at">Which write is mutated, from 0; more than there are = none.</param>
/// <param name="ends">Whether nothing more is sent behind it: the server need not wait for the rest of what was cut off.</param>
sealed class MutatingStream(Socket socket, Random random, int at, bool ends) : NetworkStream(socket, ownsSocket: false)
{
    int _writes;

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_writes++ != at)
        {
            await base.WriteAsync(buffer, cancellationToken);
            return;
        }

        foreach (var segment in Mutations.Segments(random, Mutations.Apply(random, buffer.ToArray()))) await base.WriteAsync(segment, cancellationToken);
        if (ends) Socket.Shutdown(SocketShutdown.Send);
    }
}
