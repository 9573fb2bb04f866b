using System.Net.Security;
using System.Net.Sockets;
using ImGateway.Testing;

namespace ImGateway.DirectTls.Tests.Transport;

public sealed class HandshakeTests : IAsyncDisposable
{
    readonly TransportHost _host = new();

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>As in a storm, when what awaits the first part continues on the thread pool.</summary>
    [Fact]
    public async Task A_client_that_answers_before_its_part_is_awaited_is_served()
    {
        var (socket, server) = await _host.ConnectAsync();
        await using var client = new SslStream(new NetworkStream(socket, ownsSocket: true), leaveInnerStreamOpen: false, (_, _, _, _) => true);
        var connecting = client.AuthenticateAsClientAsync(new() { TargetHost = "edge.test" }, Cancellation);

        await server.BeginTlsAsync(_host.Server, _host.Credential, Cancellation);
        await connecting;
        for (var iteration = 0; iteration < 10_000 && !server.IsReadable; iteration++) await _host.RunOnLoopAsync(() => { });
        Assert.True(server.IsReadable, "the client's Finished has not been noticed");
        var negotiated = await server.FinishTlsAsync(Cancellation).AsTask().WaitAsync(TransportHost.Patience, Cancellation);

        Assert.Equal(client.NegotiatedCipherSuite, negotiated.CipherSuite);
        await server.DisposeAsync();
    }

    /// <summary>The server reads both at once, and changes its keys in between.</summary>
    [Fact]
    public async Task What_a_client_sends_right_behind_its_Finished_is_read()
    {
        var (socket, connection) = await _host.ConnectAsync();
        await using var server = connection;
        using var release = new ManualResetEventSlim();
        using var isBlocked = new ManualResetEventSlim();
        var messages = 0;
        using var client = new RawTls13Client(new NetworkStream(socket, ownsSocket: true))
        {
            Fragments = message =>
            {
                // The hello, then Finished.
                if (messages++ == 1) Block();
                return [message];
            },
        };
        var accepting = _host.HandshakeAsync(server);

        Assert.True(await client.HandshakeAsync(RawTls13Client.HelloFor("edge.test"), Cancellation).WaitAsync(TransportHost.Patience, Cancellation));
        await client.SendAsync(RawTls13Client.ApplicationDataType, "glued"u8.ToArray(), Cancellation);
        release.Set();
        await accepting.WaitAsync(TransportHost.Patience, Cancellation);

        Assert.Equal(5, (await server.Input.ReadAsync(Cancellation).AsTask().WaitAsync(TransportHost.Patience, Cancellation)).Buffer.Length);

        void Block()
        {
            _ = _host.RunOnLoopAsync(() =>
            {
                isBlocked.Set();
                release.Wait(TransportHost.Patience, Cancellation);
            });
            isBlocked.Wait(TransportHost.Patience, Cancellation);
        }
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();
}
