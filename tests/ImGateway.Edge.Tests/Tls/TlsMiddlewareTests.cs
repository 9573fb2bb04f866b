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

    static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _root.Dispose();

    /// <summary>
    /// Of an HTTP/2 connection that Kestrel aborts, a write may still wait for a client that does not read. Direct has a writer of its own on sockets
    /// (ImGateway.DirectTls.Tests); in memory, for self tests, it has .NET's, in which nothing may wait at the end.
    /// </summary>
    [Fact]
    public async Task A_connection_that_ends_while_a_write_waits_for_the_client_ends_without_an_exception()
    {
        using var issued = _root.Issue("gateway.test");
        var selector = new ServerCertificateSelector(Options, Engines.Create(TestedEngine.SslStream));
        selector.Publish(new Dictionary<HostName, Credential> { [Options.Hosts[0]] = new(issued.Leaf, [], Options.Hosts) });
        var middleware = TlsMiddleware.ForSelfTests(selector, Options.Tls, TimeProvider.System);
        var (writing, served) = (Task.CompletedTask, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

        await using (var connection = new InMemoryConnection(_ => middleware.Use(LeaveWriting), localAddress: null))
        {
            await using var client = new NetSslStream(new DuplexPipeStream(connection.Client));
            await client.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = "gateway.test", ApplicationProtocols = [SslApplicationProtocol.Http2], RemoteCertificateValidationCallback = (_, _, _, _) => true,
                },
                Cancelled).WaitAsync(Limit, Cancelled);
            // The preface and empty SETTINGS (RFC 9113 §3.4).
            await client.WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u0004\0\0\0\0\0"u8.ToArray(), Cancelled);
            await served.Task.WaitAsync(Limit, Cancelled);
        }

        await Task.WhenAny(writing).WaitAsync(Limit, Cancelled);

        Task LeaveWriting(ConnectionContext connection)
        {
            var output = connection.Transport.Output;
            writing = output.WriteAsync(new byte[1 << 20], Cancelled).AsTask();
            // A fault here would end the connection, for which the test does not wait.
            if (writing.IsCompleted) served.SetException(new InvalidOperationException("The write does not wait for the client."));
            output.Advance(output.GetSpan(1).Length);
            served.TrySetResult();
            return Task.CompletedTask;
        }
    }
}
