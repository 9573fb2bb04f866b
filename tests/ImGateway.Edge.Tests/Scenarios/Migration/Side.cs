using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace ImGateway.Edge.Tests.Scenarios.Migration;

/// <summary>Where one of the two listens. Both serve <see cref="Host"/> by the same certificate, before the same gateway.</summary>
/// <param name="Name">nginx or edge.</param>
/// <param name="Http">Port 80.</param>
/// <param name="Https">Port 443.</param>
/// <param name="Gateway">Behind it.</param>
sealed record Side(string Name, IPEndPoint Http, IPEndPoint Https, Gateway Gateway)
{
    public const string Host = "gateway.example.com";

    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    /// <summary>A connection to port 443, or to port 80.</summary>
    public async Task<Stream> ConnectAsync(bool plain, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(plain ? Http : Https, cancellationToken);
            if (plain) return new NetworkStream(socket, ownsSocket: true);
            var tls = new SslStream(new NetworkStream(socket, ownsSocket: true), leaveInnerStreamOpen: false, (_, _, _, _) => true);
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = Host, ApplicationProtocols = [SslApplicationProtocol.Http11] }, cancellationToken);
            return tls;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Sends this on a connection of its own and reads one answer.</summary>
    public async Task<Observation> ExchangeAsync(string request, bool plain = false)
    {
        using var limit = new CancellationTokenSource(Patience);
        await using var stream = await ConnectAsync(plain, limit.Token);
        try
        {
            await stream.WriteAsync(Encoding.Latin1.GetBytes(request), limit.Token);
        }
        catch (IOException)
        {
            // Answered before all of it was sent.
        }

        return await new AnswerReader(stream, limit.Token).ReadAsync(isHead: request.StartsWith("HEAD ", StringComparison.Ordinal));
    }
}
