using System.IO.Pipelines;
using System.Net.Security;
using ImGateway.DirectTls.OpenSsl;
using ImGateway.DirectTls.Transport;
using ImGateway.Testing;

namespace ImGateway.DirectTls.Tests.Transport;

public sealed class InMemoryTlsStreamTests : IDisposable
{
    /// <summary>Bytes of a record that holds a KeyUpdate.</summary>
    const int KeyUpdateLength = 27;

    readonly TestCa _ca = TestCa.Create("root");
    readonly IssuedCertificate _certificate;
    readonly TlsServer _server = new();

    public InMemoryTlsStreamTests() => _certificate = _ca.Issue("edge.test");

    public void Dispose()
    {
        _certificate.Dispose();
        _ca.Dispose();
    }

    /// <summary>
    /// OpenSSL takes some 16 KB at once from what has been received. A read ends after a KeyUpdate at the end of them, although more has been received: the padding
    /// of the first record moves each of them there once.
    /// </summary>
    [Fact]
    public async Task What_is_behind_a_key_update_is_read_at_once()
    {
        var (client, server) = await ConnectAsync();
        using var raw = client;
        await using var stream = server;
        for (var padding = 0; padding < KeyUpdateLength; padding++)
        {
            byte[] received =
            [
                .. client.Seal(RawTls13Client.ApplicationDataType, "a"u8.ToArray(), padding),
                .. Enumerable.Range(0, 1500).SelectMany(_ => client.SealKeyUpdate(requested: false)),
                .. client.Seal(RawTls13Client.ApplicationDataType, "b"u8.ToArray()),
            ];
            await client.SendRawAsync(received, Cancellation);

            var buffer = new byte[2];
            await stream.ReadExactlyAsync(buffer, Cancellation).AsTask().WaitAsync(TransportHost.Patience, Cancellation);
            Assert.Equal("ab"u8.ToArray(), buffer);
        }
    }

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    async Task<(RawTls13Client Client, InMemoryTlsStream Server)> ConnectAsync()
    {
        var unlimited = new PipeOptions(pauseWriterThreshold: 0);
        Pipe toServer = new(unlimited), toClient = new(unlimited);
        var credential = new ServerCredential(new(_certificate.Leaf, [], [SslApplicationProtocol.Http11], "edge.test"u8.ToArray()));
        var server = new InMemoryTlsStream(_server, credential, new Duplex(toServer.Reader, toClient.Writer));
        var client = new RawTls13Client(new Ends(toClient.Reader.AsStream(), toServer.Writer.AsStream()));
        var handshake = client.HandshakeAsync(RawTls13Client.HelloFor("edge.test"), Cancellation);
        await Task.WhenAll(handshake, server.HandshakeAsync(Cancellation)).WaitAsync(TransportHost.Patience, Cancellation);
        Assert.True(await handshake);
        return (client, server);
    }

    sealed class Duplex(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input => input;

        public PipeWriter Output => output;
    }

    sealed class Ends(Stream input, Stream output) : AsynchronousStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => input.ReadAsync(buffer, cancellationToken);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => output.WriteAsync(buffer, cancellationToken);
    }
}
