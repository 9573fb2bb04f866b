using System.IO.Pipelines;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Connections;
using ImGateway.Edge.Operations.Status;
using ImGateway.Edge.Tests.Operations;
using ImGateway.Edge.Tls;
using ImGateway.Edge.Tls.SslStream;
using ImGateway.Testing;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging.Abstractions;
using Prometheus;

namespace ImGateway.Edge.Tests.Tls;

/// <summary>One handshake that fails is one failure, wherever it is read.</summary>
public sealed class FailureCountTests
{
    readonly TlsMetrics _metrics = new(Prometheus.Metrics.WithCustomRegistry(new CollectorRegistry()));

    [Fact]
    public void Failures_that_share_a_label_are_counted_once_in_the_status()
    {
        _metrics.OnFailed(HandshakeFailure.Other);
        _metrics.OnFailed(HandshakeFailure.NoApplicationProtocol);
        _metrics.OnFailed(HandshakeFailure.Closed);

        using var idle = new IdleTraffic(_metrics);
        var status = idle.Traffic.Handshakes();

        Assert.Equal(3, status.Failed);
        Assert.Equal([new NamedCount("other", 2), new NamedCount("closed", 1)], status.Failures);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n\r\n", "not_tls")]
    [InlineData("\u0016\u0003\u0001\u0000\u0004\u0001\u0000\u0000\u0000", "other")]
    public async Task A_refusal_that_cannot_be_written_is_counted_once(string sent, string reason)
    {
        var options = new EdgeOptions { Hosts = [HostName.Parse("gateway.test")] };
        var engine = new TlsMiddleware(
            ConnectionGate.ForSelfTests(TimeProvider.System),
            new ServerCertificateSelector(options, new SslStreamEngine(TestProcess.Policy)),
            _metrics,
            new HandshakeLog(NullLogger<HandshakeLog>.Instance, TimeProvider.System),
            options.Tls,
            TimeProvider.System);
        Pipe toServer = new(), toClient = new();
        await toServer.Writer.WriteAsync(System.Text.Encoding.Latin1.GetBytes(sent), TestContext.Current.CancellationToken);
        // As a transport that could not send.
        await toClient.Reader.CompleteAsync(new IOException("no route to host"));
        var connection = new DefaultConnectionContext("refused", new Duplex(toServer.Reader, toClient.Writer), new Duplex(toClient.Reader, toServer.Writer));

        await engine.Use(_ => Task.CompletedTask)(connection);

        Assert.Equal([(reason, 1L)], _metrics.Failed.Where(failed => failed.Count > 0).Distinct());
    }

    sealed class Duplex(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input => input;

        public PipeWriter Output => output;
    }
}
