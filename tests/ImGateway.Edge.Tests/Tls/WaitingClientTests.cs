using System.Net;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Connections;
using ImGateway.Edge.Tls;
using ImGateway.Edge.Tls.SslStream;
using ImGateway.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Prometheus;

namespace ImGateway.Edge.Tests.Tls;

public sealed class WaitingClientTests : IDisposable
{
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    readonly IssuedCertificate _certificate = TestCa.Create("Waiting client test CA").Issue("gateway.test");
    readonly ConnectionGate _gate = ConnectionGate.ForSelfTests(TimeProvider.System);

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_handshake_is_computed_for_those_alone_who_still_wait_for_it(bool stays)
    {
        var places = await TakeAllPlacesAsync();
        await using var connection = new InMemoryConnection(Middleware().Use, IPAddress.Loopback);
        await connection.Client.Output.WriteAsync(RawHello.ForTls13("gateway.test").ToRecords());
        await UntilAsync(() => _gate.Handshakes.Waiting == 1);
        if (!stays) await connection.Client.Output.CompleteAsync();

        for (var i = 0; i < places; i++) _gate.Handshakes.Release();

        var answer = await connection.Client.Input.ReadAsync().AsTask().WaitAsync(Limit);
        Assert.Equal(stays, answer.Buffer.Length > 0);
        await UntilAsync(() => _gate.Handshakes.InProgress == 0);
    }

    public void Dispose() => _certificate.Dispose();

    static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(Limit);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (!condition()) await timer.WaitForNextTickAsync(limit.Token);
    }

    async Task<int> TakeAllPlacesAsync()
    {
        var places = 0;
        using var full = new CancellationTokenSource();
        for (var entering = _gate.Handshakes.AcquireAsync(null, full.Token); entering.IsCompleted; entering = _gate.Handshakes.AcquireAsync(null, full.Token)) places++;
        await full.CancelAsync();
        return places;
    }

    TlsMiddleware Middleware()
    {
        var host = HostName.Parse("gateway.test");
        var selector = new ServerCertificateSelector([host], host, TlsPolicy.Intermediate, UnknownNames.Reject, new SslStreamEngine(TestProcess.Policy));
        selector.Publish(new Dictionary<HostName, Credential> { [host] = _certificate.ToCredential("gateway.test") });
        return new TlsMiddleware(
            _gate,
            selector,
            new TlsMetrics(Metrics.WithCustomRegistry(new CollectorRegistry())),
            new HandshakeLog(NullLogger<HandshakeLog>.Instance, TimeProvider.System),
            new TlsSection(),
            TimeProvider.System);
    }
}
