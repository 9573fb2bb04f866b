using System.IO.Pipelines;
using System.Net.Security;
using System.Security.Cryptography;
using ImGateway.Edge.Tls;
using ImGateway.Edge.Tls.SslStream;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Tls;

public sealed class RecordBuffersTests : IDisposable
{
    readonly IssuedCertificate _certificate = TestCa.Create("Record buffers test CA").Issue("gateway.test");

    [Fact]
    public void They_can_be_released_on_this_runtime() => Assert.True(ReleaseBuffersMode.IsAvailable);

    [Fact]
    public async Task The_first_connection_of_a_context_asks_for_all_that_follow()
    {
        var options = new SslServerAuthenticationOptions { ServerCertificateContext = SslStreamContext.CreateCertificateContext(_certificate.ToCredential("gateway.test")) };
        await using var first = await Connection.OpenAsync(options);
        Assert.False(ReleaseBuffersMode.AreReleasedWhenIdle(first.Server));

        ReleaseBuffersMode.ReleaseWhenIdle(first.Server);

        await using var second = await Connection.OpenAsync(options);
        Assert.True(ReleaseBuffersMode.AreReleasedWhenIdle(first.Server));
        Assert.True(ReleaseBuffersMode.AreReleasedWhenIdle(second.Server));
        await first.EchoAsync(RandomNumberGenerator.GetBytes(100_000));
        await second.EchoAsync(RandomNumberGenerator.GetBytes(100_000));
    }

    [Fact]
    public async Task What_is_no_connection_any_more_is_left_alone()
    {
        var options = new SslServerAuthenticationOptions { ServerCertificateContext = SslStreamContext.CreateCertificateContext(_certificate.ToCredential("gateway.test")) };
        var gone = await Connection.OpenAsync(options);
        await gone.DisposeAsync();

        ReleaseBuffersMode.ReleaseWhenIdle(gone.Server);
        ReleaseBuffersMode.ReleaseWhenIdle(new SslStream(new MemoryStream()));

        Assert.False(ReleaseBuffersMode.AreReleasedWhenIdle(gone.Server));
    }

    public void Dispose() => _certificate.Dispose();

    sealed record Connection(SslStream Client, SslStream Server) : IAsyncDisposable
    {
        public static async Task<Connection> OpenAsync(SslServerAuthenticationOptions options)
        {
            Pipe up = new(), down = new();
            var connection = new Connection(
                new SslStream(new TransportStream(new Duplex(down.Reader, up.Writer), new HandshakeSlot(queue: null))), new SslStream(new TransportStream(new Duplex(up.Reader, down.Writer), new HandshakeSlot(queue: null))));
            await Task.WhenAll(
                connection.Client.AuthenticateAsClientAsync(
                    new SslClientAuthenticationOptions { TargetHost = "gateway.test", RemoteCertificateValidationCallback = static (_, _, _, _) => true, AllowTlsResume = false }),
                connection.Server.AuthenticateAsServerAsync(options));
            return connection;
        }

        public async Task EchoAsync(byte[] data)
        {
            var (there, back) = (new byte[data.Length], new byte[data.Length]);
            await Task.WhenAll(Client.WriteAsync(data).AsTask(), Server.ReadExactlyAsync(there).AsTask());
            await Task.WhenAll(Server.WriteAsync(there).AsTask(), Client.ReadExactlyAsync(back).AsTask());
            Assert.Equal(data, back);
        }

        public async ValueTask DisposeAsync()
        {
            await Client.DisposeAsync();
            await Server.DisposeAsync();
        }
    }

    sealed class Duplex(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input => input;

        public PipeWriter Output => output;
    }
}
