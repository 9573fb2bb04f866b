using ImGateway.DirectTls.OpenSsl;
using ImGateway.Testing;

namespace ImGateway.DirectTls.Tests.OpenSsl;

/// <summary>Tickets of real clients over rotations of their key.</summary>
public sealed class TicketKeysTests : IAsyncLifetime
{
    readonly TransportHost _host = new();
    readonly TemporaryDirectory _sessions = new();

    [Theory]
    [InlineData("-tls1_2")]
    [InlineData("-tls1_3")]
    public async Task A_ticket_is_accepted_until_the_second_rotation(string protocol)
    {
        Assert.False((await ConnectAsync(protocol, "-sess_out", _sessions["first"])).IsResumed);
        Assert.True((await ConnectAsync(protocol, "-sess_in", _sessions["first"])).IsResumed);

        _host.Server.RotateTicketKeys();
        Assert.True((await ConnectAsync(protocol, "-sess_in", _sessions["first"])).IsResumed);

        _host.Server.RotateTicketKeys();
        Assert.False((await ConnectAsync(protocol, "-sess_in", _sessions["first"])).IsResumed);
    }

    /// <summary>TLS 1.3: s_client does not keep the renewed ticket of a resumed session of TLS 1.2.</summary>
    [Fact]
    public async Task Who_comes_back_after_each_rotation_resumes_for_ever()
    {
        await ConnectAsync("-tls1_3", "-sess_out", _sessions["0"]);
        for (var i = 0; i < 4; i++)
        {
            _host.Server.RotateTicketKeys();
            Assert.True((await ConnectAsync("-tls1_3", "-sess_in", _sessions[$"{i}"], "-sess_out", _sessions[$"{i + 1}"])).IsResumed, $"rotation {i}");
        }
    }

    [Fact]
    public async Task A_ticket_of_another_server_means_a_full_handshake()
    {
        await ConnectAsync("-tls1_3", "-sess_out", _sessions["other"]);
        await using var another = new TransportHost();

        Assert.False((await ConnectAsync(another, "-tls1_3", "-sess_in", _sessions["other"])).IsResumed);
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        _sessions.Dispose();
    }

    Task<NegotiatedTls> ConnectAsync(params string[] options) => ConnectAsync(_host, options);

    static async Task<NegotiatedTls> ConnectAsync(TransportHost host, params string[] options)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var client = ExternalTool.RunAsync(ExternalTool.OpenSsl, ["s_client", "-connect", host.EndPoint.ToString(), "-servername", "edge.test", "-ign_eof", .. options]);
        var accepted = host.AcceptAsync();
        if (await Task.WhenAny(client, accepted) == client) Assert.Fail((await client).All);
        await using var server = await accepted;
        await server.BeginTlsAsync(host.Server, host.Credential, cancellation).AsTask().WaitAsync(TransportHost.Patience, cancellation);
        var negotiated = await server.FinishTlsAsync(cancellation).AsTask().WaitAsync(TransportHost.Patience, cancellation);
        await server.Output.WriteAsync("x"u8.ToArray(), cancellation);
        await server.ShutdownTlsAsync();
        // The client has read the ticket when it has read the end, after which it closes.
        await server.DisposeAsync();
        var result = await client.WaitAsync(TransportHost.Patience, cancellation);
        Assert.True(result.ExitCode == 0, result.All);
        return negotiated;
    }
}
