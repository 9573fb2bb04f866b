using System.Net.WebSockets;

namespace ImGateway.Edge.Demo;

/// <summary>Echoes a WebSocket; and its closing handshake, which the chat uses too.</summary>
static class DemoSocket
{
    const int BufferBytes = 16 * 1024;

    /// <summary>Echoes each frame as it arrives, so that messages may have any length.</summary>
    public static async Task EchoAsync(WebSocket socket, CancellationToken cancellationToken)
    {
        try
        {
            var buffer = new byte[BufferBytes];
            while (await socket.ReceiveAsync(buffer.AsMemory(), cancellationToken) is { MessageType: not WebSocketMessageType.Close } received)
            {
                await socket.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, cancellationToken);
            }

            await EchoCloseAsync(socket, cancellationToken);
        }
        catch (Exception exception) when (IsDisconnect(exception))
        {
            // The client has disconnected.
        }
    }

    /// <summary>Closes with the client's close code and reason.</summary>
    public static Task EchoCloseAsync(WebSocket socket, CancellationToken cancellationToken) =>
        socket.CloseOutputAsync(socket.CloseStatus ?? WebSocketCloseStatus.Empty, socket.CloseStatusDescription, cancellationToken);

    /// <summary>Whether the client disconnected without a closing handshake.</summary>
    public static bool IsDisconnect(Exception exception) => exception is WebSocketException or OperationCanceledException or IOException;
}
