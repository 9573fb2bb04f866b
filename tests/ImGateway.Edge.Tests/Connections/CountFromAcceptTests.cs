using System.Net.Security;
using System.Net.Sockets;
using ImGateway.Edge.Connections;
using ImGateway.Edge.Tests.Proxying;
using ImGateway.Edge.Tests.Tls;
using ImGateway.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace ImGateway.Edge.Tests.Connections;

/// <summary>Whether an engine hands connections to Kestrel at accept or after the handshake, the limits and a drain know of them from accept on.</summary>
public sealed class CountFromAcceptTests
{
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_connection_counts_from_accept_until_its_socket_is_closed(TestedEngine engine)
    {
        await using var edge = await ProxyHost.StartAsync(ProxyHost.Options(new Uri("http://127.0.0.1:9")), engine: engine);
        var clients = edge.Services.GetRequiredService<ClientConnections>();
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(edge.Tls, TestContext.Current.CancellationToken);
        await UntilAsync(() => clients.Count == 1);

        await using (var stream = new SslStream(new NetworkStream(socket, ownsSocket: true), leaveInnerStreamOpen: false, (_, _, _, _) => true))
        {
            await stream.AuthenticateAsClientAsync(ProxyHost.Host).WaitAsync(Limit, TestContext.Current.CancellationToken);
            await stream.WriteAsync("GET /elsewhere HTTP/1.1\r\nHost: gateway.test\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
            Assert.True(await stream.ReadAsync(new byte[1024], TestContext.Current.CancellationToken).AsTask().WaitAsync(Limit, TestContext.Current.CancellationToken) > 0);
            Assert.Equal(1, clients.Count);
        }

        await UntilAsync(() => clients.Count == 0);
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_connection_whose_handshake_fails_is_counted_out(TestedEngine engine)
    {
        await using var edge = await ProxyHost.StartAsync(ProxyHost.Options(new Uri("http://127.0.0.1:9")), engine: engine);
        var clients = edge.Services.GetRequiredService<ClientConnections>();
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(edge.Tls, TestContext.Current.CancellationToken);
        await UntilAsync(() => clients.Count == 1);

        await socket.SendAsync("GET / HTTP/1.1\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);

        await UntilAsync(() => clients.Count == 0);
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_connection_whose_handshake_ends_during_a_stop_ends_like_those_that_have_asked_nothing(TestedEngine engine)
    {
        await using var edge = await ProxyHost.StartAsync(ProxyHost.Options(new Uri("http://127.0.0.1:9")), engine: engine);
        var clients = edge.Services.GetRequiredService<ClientConnections>();
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(edge.Tls, TestContext.Current.CancellationToken);
        await UntilAsync(() => clients.Count == 1);
        await clients.StopAcceptingAsync();
        clients.Close();
        clients.CloseUnused();

        await using var stream = new SslStream(new NetworkStream(socket, ownsSocket: true), leaveInnerStreamOpen: false, (_, _, _, _) => true);
        await stream.AuthenticateAsClientAsync(ProxyHost.Host).WaitAsync(Limit, TestContext.Current.CancellationToken);

        Assert.Equal(0, await stream.ReadAsync(new byte[1], TestContext.Current.CancellationToken).AsTask().WaitAsync(Limit, TestContext.Current.CancellationToken));
        await UntilAsync(() => clients.Count == 0);
    }

    static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(Limit);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!condition()) await timer.WaitForNextTickAsync(limit.Token);
    }
}
