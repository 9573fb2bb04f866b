using ImGateway.Edge.Configuration;
using ImGateway.Edge.Operations.Shutdown;
using ImGateway.Edge.Operations.Status;
using ImGateway.Edge.Tls;
using ImGateway.Edge.Tls.SslStream;
using ImGateway.Testing;
using Microsoft.Extensions.Hosting;

namespace ImGateway.Edge.Tests.Operations;

public sealed class EdgeHealthTests
{
    [Fact]
    public void Starting_and_draining_are_reasons()
    {
        using var lifetime = new Lifetime();
        using var stop = new StopRequest();
        var health = new EdgeHealth(new CurrentOptions(ManagementServer.Options() with { Hosts = [] }), new ServerCertificateSelector(ManagementServer.Options(), new SslStreamEngine(TestProcess.Policy)), lifetime, stop, []);

        Assert.Equal(["starting"], health.Report().Reasons);
        lifetime.Start();
        Assert.Empty(health.Report().Reasons);
        stop.RequestGracefulStop();
        Assert.Equal(["draining"], health.Report().Reasons);
    }

    sealed class Lifetime : IHostApplicationLifetime, IDisposable
    {
        readonly CancellationTokenSource _started = new();
        readonly CancellationTokenSource _stopping = new();

        public CancellationToken ApplicationStarted => _started.Token;

        public CancellationToken ApplicationStopping => _stopping.Token;

        public CancellationToken ApplicationStopped => CancellationToken.None;

        public void Start() => _started.Cancel();

        public void StopApplication() => _stopping.Cancel();

        public void Dispose()
        {
            _started.Dispose();
            _stopping.Dispose();
        }
    }
}
