using System.Net.Sockets;

namespace ImGateway.Edge.Proxying.Upstream;

/// <summary>
/// Upstream connections that failed because this machine has no descriptor or memory left. The request fails, but the destination was not involved, so
/// its health must not be affected.
/// </summary>
static class LocalResourceExhaustion
{
    public static SocketException CreateException(string host, int port) =>
        new((int)SocketError.TooManyOpenSockets, $"no descriptor or memory is left for a connection to {host}:{port}; see the limits by imgw doctor");

    /// <summary>Whether the error is EMFILE, ENFILE, ENOBUFS or ENOMEM, as .NET maps them.</summary>
    public static bool IsCauseOf(Exception? error) =>
        error?.GetBaseException() is SocketException { SocketErrorCode: SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable };
}
