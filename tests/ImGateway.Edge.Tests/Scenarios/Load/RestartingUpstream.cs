using System.Diagnostics;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Load;

/// <summary>A gateway that goes away and comes back on the same port.</summary>
sealed class RestartingUpstream : IAsyncDisposable
{
    static readonly TimeSpan Down = TimeSpan.FromMilliseconds(500);

    EchoUpstream? _running;

    RestartingUpstream(EchoUpstream first, int port) => (_running, Address, Port) = (first, first.Address, port);

    public Uri Address { get; }

    public Outages Outages { get; } = new();

    public int Restarts { get; private set; }

    int Port { get; }

    public static async Task<RestartingUpstream> StartAsync()
    {
        // Below the ports that clients are given: one of them could take it while it is free.
        var port = FreePort.Next();
        return new RestartingUpstream(await EchoUpstream.StartAsync(port), port);
    }

    public async Task RestartAsync()
    {
        await StopAsync();
        await Task.Delay(Down, TimeProvider.System);
        _running = await EchoUpstream.StartAsync(Port);
        Outages.End();
        Restarts++;
    }

    public async Task StopAsync()
    {
        Outages.Begin();
        if (_running is { } running) await running.DisposeAsync();
        _running = null;
    }

    public async ValueTask DisposeAsync() => await StopAsync();
}

/// <summary>When the gateway was down: what failed then was to be expected.</summary>
sealed class Outages
{
    /// <summary>For those who met the outage to hear of it.</summary>
    static readonly TimeSpan Echo = TimeSpan.FromSeconds(2);

    readonly Lock _lock = new();
    bool _down;
    long? _ended;

    /// <summary>It is down, or was until a moment ago.</summary>
    public bool IsRecent
    {
        get
        {
            lock (_lock) return _down || (_ended is { } ended && Stopwatch.GetElapsedTime(ended) < Echo);
        }
    }

    public void Begin()
    {
        lock (_lock) _down = true;
    }

    public void End()
    {
        lock (_lock) (_down, _ended) = (false, Stopwatch.GetTimestamp());
    }
}
