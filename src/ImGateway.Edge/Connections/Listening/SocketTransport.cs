using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;

namespace ImGateway.Edge.Connections.Listening;

/// <summary>Connections on .NET's sockets, created as Kestrel's own transport creates them.</summary>
sealed class SocketTransport(IOptions<SocketTransportOptions> options, TimeProvider time, ILoggerFactory loggers) : IListenerTransport, IDisposable
{
    readonly SocketConnectionContextFactory _connections = new(WithKestrelPools(options.Value), loggers.CreateLogger<SocketConnectionContextFactory>());
    readonly ILogger<SocketListener> _logger = loggers.CreateLogger<SocketListener>();
    bool _isDisposed;

    public IConnectionListener Listen(Socket socket, EndPoint endPoint, ListenerAdmission admission) =>
        new SocketListener(socket, endPoint, _connections, admission, time, _logger);

    public async ValueTask<Stream> ConnectAsync(IPEndPoint endPoint, CancellationToken cancellationToken) => await OpenAsync(endPoint, cancellationToken);

    public static async Task<NetworkStream> OpenAsync(IPEndPoint endPoint, CancellationToken cancellationToken)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.NoDelay = true;
            await socket.ConnectAsync(endPoint, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>The container disposes it once for each service type that it is registered as.</summary>
    public void Dispose()
    {
        if (!_isDisposed) _connections.Dispose();
        _isDisposed = true;
    }

    /// <summary>The options that Kestrel uses for its own listeners, with pools whose idle blocks it evicts; those of the public constructor keep them.</summary>
    [UnsafeAccessor(UnsafeAccessorKind.Constructor)]
    static extern SocketConnectionFactoryOptions WithKestrelPools(SocketTransportOptions options);
}
