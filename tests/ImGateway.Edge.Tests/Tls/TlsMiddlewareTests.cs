using System.Net.Security;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;
using ImGateway.Testing;
using Microsoft.AspNetCore.Connections;
using NetSslStream = System.Net.Security.SslStream;

namespace ImGateway.Edge.Tests.Tls;

public sealed class TlsMiddlewareTests : IDisposable
{
    static readonly EdgeOptions Options = new() { Hosts = [HostName.Parse("gateway.test")] };

    readonly TestCa _root = TestCa.Create("Middleware test root");

    static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _root.Dispose();

    /// <summary>Of an HTTP/2 connection that Kestrel aborts, a write may still wait for a client that does not read.</summary>
    [Theory, MemberData(nameof(Engines.OfProduct), MemberType = typeof(Engines))]
    public async Task A_connection_that_ends_while_a_write_waits_for_the_client_ends_without_an_exception(TestedEngine engine)
    {
        using var issued = _root.Issue("gateway.test");
        var selector = new ServerCertificateSelector(Options, Engines.Create(engine));
        selector.Publish(new Dictionary<HostName, Credential> { [Options.Hosts[0]] = new(issued.Leaf, [], Options.Hosts) });
        var middleware = TlsMiddleware.ForSelfTests(selector, Options.Tls, TimeProvider.System);
        var (writing, served) = (Task.CompletedTask, new TaskCompletionSource());

        await using (var connection = new InMemoryConnection(_ => middleware.Use(LeaveWriting), localAddress: null))
        {
            await using var client = new NetSslStream(new DuplexPipeStream(connection.Client));
            await client.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = "gateway.test", ApplicationProtocols = [SslApplicationProtocol.Http2], RemoteCertificateValidationCallback = (_, _, _, _) => true,
                },
                Cancelled);
            // The preface and empty SETTINGS (RFC 9113 §3.4).
            await client.WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u0004\0\0\0\0\0"u8.ToArray(), Cancelled);
            await served.Task.WaitAsync(Cancelled);
        }

        await writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);

        Task LeaveWriting(ConnectionContext connection)
        {
            var output = connection.Transport.Output;
            writing = output.WriteAsync(new byte[1 << 20], Cancelled).AsTask();
            Assert.False(writing.IsCompleted);
            output.Advance(output.GetSpan(1).Length);
            served.SetResult();
            return Task.CompletedTask;
        }
    }
}
