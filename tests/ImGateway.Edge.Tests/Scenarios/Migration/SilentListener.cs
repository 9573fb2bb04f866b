using System.Net;
using System.Net.Sockets;

namespace ImGateway.Edge.Tests.Scenarios.Migration;

/// <summary>A port whose accept queue is full: a client that connects gets no packet, as from a machine that is switched off.</summary>
sealed class SilentListener : IDisposable
{
    const int Most = 20;

    static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(300);

    readonly Socket _listener = new(SocketType.Stream, ProtocolType.Tcp);
    readonly List<Socket> _waiting = [];

    SilentListener()
    {
    }

    public static async Task<SilentListener> StartAsync(IPEndPoint address)
    {
        var silent = new SilentListener();
        silent._listener.Bind(address);
        silent._listener.Listen(0);
        while (silent._waiting.Count < Most)
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            silent._waiting.Add(socket);
            using var limit = new CancellationTokenSource(Moment);
            try
            {
                await socket.ConnectAsync(address, limit.Token);
            }
            catch (OperationCanceledException)
            {
                return silent;
            }
        }

        silent.Dispose();
        throw new InvalidOperationException($"{address} still takes connections after {Most}");
    }

    public void Dispose()
    {
        foreach (var socket in _waiting) socket.Dispose();
        _listener.Dispose();
    }
}
