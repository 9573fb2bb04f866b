using System.Net.Security;
using System.Security.Authentication;
using System.Text.Json;
using ImGateway.Edge.Operations.Status;
using ImGateway.Edge.Tls;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Prometheus;

namespace ImGateway.Edge.Tests.Operations;

public sealed class TrafficHistoryTests : IDisposable
{
    readonly FakeTimeProvider _time = new(ManagementServer.Now);
    readonly TlsMetrics _tls = new(Metrics.WithCustomRegistry(Metrics.NewCustomRegistry()));
    readonly IdleTraffic _idle;

    public TrafficHistoryTests() => _idle = new IdleTraffic(_tls);

    public void Dispose() => _idle.Dispose();

    [Fact]
    public void A_step_holds_what_happened_within_it()
    {
        using var history = new TrafficHistory(_idle.Traffic, _time, NullLogger<TrafficHistory>.Instance);
        Handshakes(3);
        history.TakeSample();
        history.TakeSample();
        Handshakes(2);
        _time.Advance(TrafficHistory.Step);
        history.TakeSample();

        var read = history.Read();

        Assert.Equal([3, 0, 2], read.Handshakes);
        Assert.Equal(ManagementServer.Now + TrafficHistory.Step, read.Until);
        Assert.Equal(10, read.StepSeconds);
    }

    [Fact]
    public async Task It_takes_a_sample_at_the_start_and_at_each_step()
    {
        using var history = new TrafficHistory(_idle.Traffic, _time, NullLogger<TrafficHistory>.Instance);
        await history.StartAsync(TestContext.Current.CancellationToken);
        for (var steps = 1; steps <= 3; steps++)
        {
            while (history.Read().WebSockets.Count < steps) await Task.Yield();
            _time.Advance(TrafficHistory.Step);
        }

        await history.StopAsync(TestContext.Current.CancellationToken);
        Assert.InRange(history.Read().WebSockets.Count, 3, 4);
    }

    [Fact]
    public void It_is_an_hour_and_no_more_on_one_line_a_list()
    {
        using var history = new TrafficHistory(_idle.Traffic, _time, NullLogger<TrafficHistory>.Instance);
        for (var i = 0; i < TrafficHistory.MaxSamples + 40; i++)
        {
            Handshakes(i % 2);
            history.TakeSample();
        }

        var read = history.Read();

        Assert.Equal(360, read.Handshakes.Count);
        Assert.Equal(360, read.WebSockets.Count);
        Assert.Equal(180, read.Handshakes.Sum());
        var lines = JsonSerializer.Serialize(read, StatusCollector.Json).Split('\n');
        Assert.Equal(8, lines.Length);
        Assert.Equal(read.Handshakes, JsonSerializer.Deserialize<HistoryStatus>(string.Concat(lines), StatusCollector.Json)!.Handshakes);
    }

    void Handshakes(int count)
    {
        for (var i = 0; i < count; i++)
        {
            _tls.OnCompleted(
                new TlsConnectionInfo { Host = null!, Credential = null!, Protocol = SslProtocols.Tls13, NegotiatedCipherSuite = TlsCipherSuite.TLS_AES_128_GCM_SHA256 },
                TimeSpan.FromMilliseconds(2));
        }
    }
}
