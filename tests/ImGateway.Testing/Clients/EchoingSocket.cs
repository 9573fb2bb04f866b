using System.Net.WebSockets;
using System.Text;

namespace ImGateway.Testing;

/// <summary>A WebSocket that is spoken into all the time, so that it would notice being cut or mixed up.</summary>
public static class EchoingSocket
{
    const int AfterEnd = 4;

    /// <returns>How often it was answered.</returns>
    /// <param name="host">Whose <c>/ws</c> echoes.</param>
    /// <param name="pace">Between two messages.</param>
    /// <param name="onFailure">Called with the failure.</param>
    /// <param name="client">Opens it.</param>
    /// <param name="end">Closes it in order, once it has been answered four times more: nothing of what came before has harmed it.</param>
    public static async Task<int> SpeakUntilAsync(EdgeClient client, string host, TimeSpan pace, Action<string> onFailure, CancellationToken end)
    {
        var count = 0;
        try
        {
            using var socket = await client.OpenWebSocketAsync(host);
            using var timer = new PeriodicTimer(pace);
            var buffer = new byte[64];
            for (var left = AfterEnd; left > 0; count++)
            {
                var sent = Encoding.ASCII.GetBytes($"echo {count}");
                await socket.SendAsync(sent, WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
                var received = await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
                if (!buffer.AsSpan(0, received.Count).SequenceEqual(sent)) onFailure($"{received.MessageType} instead of echo {count}");
                if (end.IsCancellationRequested) left--;
                else await timer.WaitForNextTickAsync(CancellationToken.None);
            }

            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        }
        catch (Exception e)
        {
            onFailure($"socket after {count} echoes: {e}");
        }

        return count;
    }
}
