using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;
using ImGateway.Edge.Tls.SslStream;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Tls;

/// <summary>An edge that has served for years, of many names, has made more contexts than the protocols have spare bits for.</summary>
public sealed class TicketScopesTests : IDisposable
{
    const string Host = "gateway.test";

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    readonly TestCa _ca = TestCa.Create("Ticket scopes test CA");
    readonly IssuedCertificate _issued;
    readonly Credential _credential;

    public TicketScopesTests()
    {
        _issued = _ca.Issue(Host);
        _credential = new Credential(_issued.Leaf, [_ca.Certificate], [HostName.Parse(Host)]);
    }

    [Theory]
    [InlineData("-tls1_2")]
    [InlineData("-tls1_3")]
    public async Task A_ticket_does_not_resume_65536_contexts_later_while_a_connection_of_its_context_is_open(string protocol)
    {
        using var directory = new TemporaryDirectory();
        await File.WriteAllTextAsync(directory["root.pem"], _ca.Certificate.ExportCertificatePem(), TestContext.Current.CancellationToken);
        var scopes = new TicketScopes();
        var selector = new ServerCertificateSelector([HostName.Parse(Host)], HostName.Parse(Host), TlsPolicy.Intermediate, UnknownNames.Reject, new SslStreamEngine(TestProcess.Policy, scopes));
        selector.Publish(new Dictionary<HostName, Credential> { [HostName.Parse(Host)] = _credential });
        await using var open = await OpenAsync(selector);
        var first = await ConnectAsync(selector, directory, protocol, "-sess_out", directory["session"]);
        var second = await ConnectAsync(selector, directory, protocol, "-sess_in", directory["session"]);

        // The next context would be the first of the second round.
        for (var i = 0; i < 65_534; i++) scopes.Allocate(new object());
        selector.RotateTicketKeys();

        Assert.Contains("Reused, TLSv1.", second, StringComparison.Ordinal);
        Assert.Contains("New, TLSv1.", first, StringComparison.Ordinal);
        Assert.Contains("New, TLSv1.", await ConnectAsync(selector, directory, protocol, "-sess_in", directory["session"]), StringComparison.Ordinal);
    }

    [Fact]
    public void RotateTicketKeys_renews_what_tickets_are_sealed_with_and_keeps_the_credential_and_its_staple()
    {
        var host = HostName.Parse(Host);
        var selector = new ServerCertificateSelector([host], host, TlsPolicy.Intermediate, UnknownNames.Reject, new SslStreamEngine(TestProcess.Policy));
        selector.Publish(new Dictionary<HostName, Credential> { [host] = _credential });
        selector.Staple(_credential.Fingerprint, [1, 2, 3]);
        var before = OptionsOf(selector);

        selector.RotateTicketKeys();

        var after = OptionsOf(selector);
        Assert.Same(_credential, selector.Served[host]);
        Assert.NotSame(before.ServerCertificateContext, after.ServerCertificateContext);
        Assert.NotEqual(before.EnabledSslProtocols, after.EnabledSslProtocols);
        Assert.Equal([1, 2, 3], selector.StapleOf(host));
    }

    [Fact]
    public void Bits_of_a_context_that_lives_are_given_to_no_other_one()
    {
        var (scopes, living) = (new TicketScopes(), new object());
        var bits = scopes.Allocate(living);

        // Once more than there are different bits.
        for (var i = 0; i <= 1 << 18; i++) Assert.NotEqual(bits, scopes.Allocate(new object()));
        GC.KeepAlive(living);
    }

    [Fact]
    public void Bits_are_those_of_no_protocol()
    {
        // From SSL 2.0 to TLS 1.3, and the lowest bit, which .NET adds where there is ALPN.
        const int reserved = 0x000C | 0x0030 | 0x00C0 | 0x0300 | 0x0C00 | 0x3000 | 0x0001;
        var scopes = new TicketScopes();
        for (var i = 0; i <= 1 << 18; i++)
        {
            var bits = (int)scopes.Allocate(new object());
            Assert.NotEqual(0, bits);
            Assert.Equal(0, bits & reserved);
        }
    }

    public void Dispose()
    {
        _issued.Dispose();
        _ca.Dispose();
    }

    static SslServerAuthenticationOptions OptionsOf(ServerCertificateSelector selector) => ((SslStreamContext)ServerCertificateSelectorTests.Select(selector, Host).Served!.Context).Options;

    /// <summary>A connection that stays open, as a WebSocket does: .NET keeps the OpenSSL context of its handshake for as long.</summary>
    static async Task<SslStream> OpenAsync(ServerCertificateSelector selector)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var client = new TcpClient();
        await client.ConnectAsync((IPEndPoint)listener.LocalEndpoint, TestContext.Current.CancellationToken);
        var server = new SslStream(new NetworkStream(await listener.AcceptSocketAsync(TestContext.Current.CancellationToken), ownsSocket: true));
        var accepted = server.AuthenticateAsServerAsync(OptionsOf(selector), TestContext.Current.CancellationToken);
        using var peer = new SslStream(client.GetStream(), leaveInnerStreamOpen: true, (_, _, _, _) => true);
        await peer.AuthenticateAsClientAsync(Host).WaitAsync(Patience, TestContext.Current.CancellationToken);
        await accepted.WaitAsync(Patience, TestContext.Current.CancellationToken);
        return server;
    }

    static async Task<string> ConnectAsync(ServerCertificateSelector selector, TemporaryDirectory directory, params string[] options)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var client = ExternalTool.RunAsync(ExternalTool.OpenSsl,
            ["s_client", "-connect", listener.LocalEndpoint.ToString()!, "-servername", Host, "-CAfile", directory["root.pem"], "-verify_return_error", "-ign_eof", .. options], "x");
        await using (var server = new SslStream(new NetworkStream(await listener.AcceptSocketAsync(TestContext.Current.CancellationToken), ownsSocket: true)))
        {
            await server.AuthenticateAsServerAsync(OptionsOf(selector), TestContext.Current.CancellationToken).WaitAsync(Patience, TestContext.Current.CancellationToken);
            // Tickets of TLS 1.3 go out with the first bytes written.
            Assert.Equal(1, await server.ReadAsync(new byte[1], TestContext.Current.CancellationToken));
            await server.WriteAsync("y"u8.ToArray(), TestContext.Current.CancellationToken);
            await server.ShutdownAsync();
        }

        var result = await client;
        Assert.True(result.ExitCode == 0, result.All);
        return result.Output;
    }
}
