using System.Net.WebSockets;
using System.Threading.Channels;

namespace ImGateway.Edge.Demo;

/// <summary>Broadcasts each message to all members of the room, including the sender. A member that reads too slowly misses messages.</summary>
sealed class ChatRooms
{
    const int LongestMessage = 64 * 1024;
    const int Waiting = 256;

    readonly Lock _lock = new();
    readonly Dictionary<string, List<Channel<Message>>> _rooms = [];

    sealed record Message(WebSocketMessageType Type, byte[] Payload);

    public async Task ChatAsync(string room, WebSocket socket, CancellationToken cancellationToken)
    {
        // One writer for each socket: a WebSocket allows one send at a time.
        var inbox = Channel.CreateBounded<Message>(new BoundedChannelOptions(Waiting) { FullMode = BoundedChannelFullMode.DropOldest });
        Enter(room, inbox);
        var delivering = DeliverAsync(inbox.Reader, socket, cancellationToken);
        try
        {
            while (await ReadAsync(socket, cancellationToken) is { } message) Broadcast(room, message);
            inbox.Writer.Complete();
            await delivering;
            if (socket.State == WebSocketState.CloseReceived) await DemoSocket.EchoCloseAsync(socket, cancellationToken);
            else await socket.CloseOutputAsync(WebSocketCloseStatus.MessageTooBig, $"at most {LongestMessage} bytes", cancellationToken);
        }
        catch (Exception exception) when (DemoSocket.IsDisconnect(exception))
        {
            // The client has disconnected.
        }
        finally
        {
            Leave(room, inbox);
            inbox.Writer.TryComplete();
            await delivering;
        }
    }

    static async Task DeliverAsync(ChannelReader<Message> inbox, WebSocket socket, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var message in inbox.ReadAllAsync(cancellationToken))
            {
                await socket.SendAsync(message.Payload, message.Type, endOfMessage: true, cancellationToken);
            }
        }
        catch (Exception exception) when (DemoSocket.IsDisconnect(exception))
        {
            // The reading side sees the failure too, and ends the chat.
        }
    }

    /// <summary>Null at the end of the socket or for a message that is too long.</summary>
    static async Task<Message?> ReadAsync(WebSocket socket, CancellationToken cancellationToken)
    {
        using var payload = new MemoryStream();
        var buffer = new byte[4096];
        while (true)
        {
            var received = await socket.ReceiveAsync(buffer.AsMemory(), cancellationToken);
            if (received.MessageType == WebSocketMessageType.Close || payload.Length + received.Count > LongestMessage) return null;
            payload.Write(buffer.AsSpan(0, received.Count));
            if (received.EndOfMessage) return new Message(received.MessageType, payload.ToArray());
        }
    }

    void Enter(string room, Channel<Message> inbox)
    {
        lock (_lock)
        {
            if (!_rooms.TryGetValue(room, out var members)) _rooms[room] = members = [];
            members.Add(inbox);
        }
    }

    void Broadcast(string room, Message message)
    {
        lock (_lock)
        {
            foreach (var member in _rooms[room]) member.Writer.TryWrite(message);
        }
    }

    void Leave(string room, Channel<Message> inbox)
    {
        lock (_lock)
        {
            if (_rooms[room].Remove(inbox) && _rooms[room].Count == 0) _rooms.Remove(room);
        }
    }
}
