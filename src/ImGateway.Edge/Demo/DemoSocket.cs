using System.Net.WebSockets;

namespace ImGateway.Edge.Demo;

/// <summary>What echo and chat have in common: how a socket ends.</summary>
static class DemoSocket
{
    const int BufferBytes = 16 * 1024;

    /// <summary>Every frame goes back as it comes, so that a message may be of any length.</summary>
    public static async Task EchoAsync(WebSocket socket, CancellationToken cancellationToken)
    {
        try
        {
            var buffer = new byte[BufferBytes];
            while (await socket.ReceiveAsync(buffer.AsMemory(), cancellationToken) is { MessageType: not WebSocketMessageType.Close } received)
            {
                await socket.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, cancellationToken);
            }

            await AnswerCloseAsync(socket, cancellationToken);
        }
        catch (Exception exception) when (IsDeparture(exception))
        {
            // Nobody is left to tell.
        }
    }

    /// <summary>Closes with the code and reason that the client closed with.</summary>
    public static Task AnswerCloseAsync(WebSocket socket, CancellationToken cancellationToken) =>
        socket.CloseOutputAsync(socket.CloseStatus ?? WebSocketCloseStatus.Empty, socket.CloseStatusDescription, cancellationToken);

    /// <summary>Whether the client went away without a closing handshake.</summary>
    public static bool IsDeparture(Exception exception) => exception is WebSocketException or OperationCanceledException or IOException;
}
