using System.IO.Pipelines;
using System.Net;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Connections;
using ImGateway.Edge.Connections.Limits;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging.Abstractions;
using Prometheus;

namespace ImGateway.Edge.Tests.Connections;

public sealed class ConnectionGateTests
{
    [Fact]
    public async Task A_connection_that_fails_before_its_admission_is_no_longer_waited_for()
    {
        var current = new CurrentOptions(new EdgeOptions { Listen = new ListenSection { ProxyProtocol = true }, TrustedProxies = [IPNetwork.Parse("127.0.0.0/8")] });
        var gate = new ConnectionGate(
            current,
            new ConnectionLimits(current),
            new RefusalMetrics(Metrics.WithCustomRegistry(new CollectorRegistry())),
            new RefusalLog(NullLogger<RefusalLog>.Instance, TimeProvider.System),
            TimeProvider.System);
        var pipe = new Pipe();
        // A completed reader cannot be read: not one of the exceptions that a client can cause.
        await pipe.Reader.CompleteAsync();
        var connection = new DefaultConnectionContext { RemoteEndPoint = new IPEndPoint(IPAddress.Loopback, 40000), Transport = new Duplex(pipe.Reader, pipe.Writer) };
        var wait = new CancellationTokenSource();

        await Assert.ThrowsAsync<InvalidOperationException>(async () => await gate.AdmitAsync(connection, wait));

        wait.Dispose();
        gate.CloseSilent(TimeSpan.Zero);
    }

    sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
