using System.IO.Pipelines;
using System.Net;
using ImGateway.Edge.Configuration;
using Microsoft.AspNetCore.Connections;

namespace ImGateway.Edge.Tls;

/// <summary>An in-memory connection to a middleware, for self tests: without a socket, a PROXY header or limits.</summary>
sealed class InMemoryConnection : IAsyncDisposable
{
    readonly Task _serving;

    /// <param name="middleware">The middleware that serves it.</param>
    /// <param name="localAddress">The server's address, which selects the certificate if the client sends no name.</param>
    public InMemoryConnection(Func<ConnectionDelegate, ConnectionDelegate> middleware, IPAddress? localAddress)
    {
        Pipe toServer = new(), toClient = new();
        Client = new Duplex(toClient.Reader, toServer.Writer);
        var server = new DefaultConnectionContext("self-probe", new Duplex(toServer.Reader, toClient.Writer), Client)
        {
            LocalEndPoint = localAddress is null ? null : new IPEndPoint(localAddress, 443),
        };
        _serving = ServeAsync(middleware(static _ => Task.CompletedTask), server);
    }

    public IDuplexPipe Client { get; }

    /// <summary>What a client of <paramref name="host"/> requests: a name as SNI (null if none), or the server's address.</summary>
    public static (string? Sni, IPAddress? Address) ClientOf(HostName host) => host.IsAddress ? (null, IPAddress.Parse(host.Value))
        : host.IsWildcard ? ("imgw-self-probe" + host.Value[1..], null)
        : (host.Value, null);

    public async ValueTask DisposeAsync()
    {
        await Client.Output.CompleteAsync();
        await Client.Input.CompleteAsync();
        await _serving;
    }

    static async Task ServeAsync(ConnectionDelegate serve, ConnectionContext server)
    {
        try
        {
            await serve(server);
        }
        finally
        {
            // Also after a fault of the middleware: the client would wait for its response without end.
            await server.Transport.Output.CompleteAsync();
            await server.Transport.Input.CompleteAsync();
        }
    }

    sealed class Duplex(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input => input;

        public PipeWriter Output => output;
    }
}
