using Microsoft.Extensions.Logging;

namespace ImGateway.DirectTls.Loops;

/// <summary>The loops of a transport.</summary>
sealed class EventLoops : IDisposable
{
    readonly EventLoop[] _all;

    /// <param name="count">The number of loops; 0 = one for each processor of the process.</param>
    /// <param name="time">For the lag.</param>
    /// <param name="loggers">For failures of handlers.</param>
    /// <exception cref="IOException">The system refuses another epoll instance or event descriptor.</exception>
    public EventLoops(int count, TimeProvider time, ILoggerFactory loggers)
    {
        var logger = loggers.CreateLogger<EventLoop>();
        List<EventLoop> all = [];
        try
        {
            while (all.Count < (count > 0 ? count : Environment.ProcessorCount)) all.Add(new EventLoop(all.Count, time, logger));
            all.ForEach(loop => loop.Start());
        }
        catch
        {
            all.ForEach(loop => loop.Dispose());
            throw;
        }

        _all = [.. all];
    }

    public IReadOnlyList<EventLoop> All => _all;

    public TimeSpan Lag
    {
        get
        {
            var longest = TimeSpan.Zero;
            foreach (var loop in _all) longest = loop.Lag.Longest is var lag && lag > longest ? lag : longest;
            return longest;
        }
    }

    /// <summary>The loop with the fewest connections: they live for hours, so the one that is idle now is not the one to choose.</summary>
    public EventLoop LeastLoaded()
    {
        var least = _all[0];
        for (var i = 1; i < _all.Length; i++)
        {
            if (_all[i].Connections < least.Connections) least = _all[i];
        }

        return least;
    }

    public void Dispose()
    {
        foreach (var loop in _all) loop.Dispose();
    }
}
