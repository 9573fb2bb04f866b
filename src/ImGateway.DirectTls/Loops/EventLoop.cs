using System.Collections.Concurrent;
using ImGateway.DirectTls.Native;
using Microsoft.Extensions.Logging;

namespace ImGateway.DirectTls.Loops;

/// <summary>
/// One thread that waits with epoll for the descriptors registered with it and calls their handlers. An iteration is: ready descriptors, work posted by other
/// threads, then costly work (handshakes) for at most <see cref="Budget"/>, so that a storm of handshakes does not delay messages.
/// </summary>
sealed unsafe partial class EventLoop : IDisposable
{
    /// <summary>The time after which an iteration leaves further costly work to the next one, and continuations to the thread pool.</summary>
    static readonly TimeSpan Budget = TimeSpan.FromMilliseconds(1);

    /// <summary>How long a handler may delay the end of the loop.</summary>
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    const int EventsPerIteration = 256;

    [ThreadStatic]
    static EventLoop? current;

    readonly Descriptor _epoll, _wake;
    readonly HandlerTable _handlers = new();
    readonly ConcurrentQueue<IThreadPoolWorkItem> _posted = new();
    readonly ConcurrentQueue<IThreadPoolWorkItem> _costly = new();
    readonly TimeProvider _time;
    readonly ILogger<EventLoop> _logger;
    readonly Thread _thread;
    int _isAsleep, _connections;
    long _events;
    int _isDisposed;
    volatile bool _isStopping, _hasEnded;

    /// <exception cref="IOException">The system refuses another epoll instance or event descriptor.</exception>
    public EventLoop(int number, TimeProvider time, ILogger<EventLoop> logger)
    {
        (_time, _logger, Lag) = (time, logger, new LoopLag(time));
        _epoll = new Descriptor(Libc.epoll_create1(Libc.CloseOnExec));
        _wake = new Descriptor(Libc.eventfd(0, Libc.CloseOnExec | Libc.NonBlocking));
        if (_epoll.IsInvalid || _wake.IsInvalid) throw SystemError.LastOf("epoll_create1 or eventfd");
        if (Control(Libc.EpollAdd, _wake.Value, Readiness.Readable, default) != 0) throw SystemError.LastOf("epoll_ctl");
        _thread = new Thread(Run) { IsBackground = true, Name = $"imgw loop {number}" };
    }

    /// <summary>The loop whose thread this is; null on any other thread.</summary>
    public static EventLoop? Current => current;

    public bool IsCurrent => current == this;

    /// <summary>The connections that the loop serves.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>The events passed to handlers so far.</summary>
    public long Events => Volatile.Read(ref _events);

    public LoopLag Lag { get; }

    /// <summary>Whether the iteration has taken so long that other work should not run on this thread now.</summary>
    public bool IsOverBudget => Lag.OfIteration > Budget;

    public void Start() => _thread.Start();

    public void OnConnectionAdded() => Interlocked.Increment(ref _connections);

    public void OnConnectionRemoved() => Interlocked.Decrement(ref _connections);

    /// <exception cref="IOException">The system refuses it (memory, or max_user_watches of epoll), or the loop has ended.</exception>
    public Registration Add(IReadinessHandler handler, Descriptor descriptor, Readiness interest)
    {
        var registration = _handlers.Add(handler);
        if (Control(Libc.EpollAdd, descriptor.Value, interest, registration) == 0) return registration;
        var failure = SystemError.LastOf("epoll_ctl");
        _handlers.Remove(registration);
        throw failure;
    }

    /// <exception cref="IOException">The descriptor is not registered, or the loop has ended.</exception>
    public void Change(Registration registration, Descriptor descriptor, Readiness interest)
    {
        if (Control(Libc.EpollModify, descriptor.Value, interest, registration) != 0) throw SystemError.LastOf("epoll_ctl");
    }

    /// <summary>To be called before the descriptor is closed.</summary>
    public void Remove(Registration registration, Descriptor descriptor)
    {
        _handlers.Remove(registration);
        // Fails only if it is not registered any more.
        _ = Control(Libc.EpollDelete, descriptor.Value, default, registration);
    }

    /// <summary>Frees the place of a descriptor that is closed next, which takes it out of epoll without a further system call.</summary>
    public void Forget(Registration registration) => _handlers.Remove(registration);

    /// <summary>Executes <paramref name="work"/> on the loop's thread soon, or on this one if the loop has ended: its owner may wait for it.</summary>
    public void Post(IThreadPoolWorkItem work) => Post(work, _posted);

    /// <summary>Executes <paramref name="work"/> on the loop's thread after what is ready, some of it in each iteration.</summary>
    public void PostCostly(IThreadPoolWorkItem work) => Post(work, _costly);

    /// <summary>
    /// Ends the thread after the current iteration. To be called when no connection is left. A handler that blocks is waited for briefly: then the thread ends after it.
    /// </summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0) return;
        _isStopping = true;
        if (!_thread.IsAlive)
        {
            End();
            return;
        }

        Volatile.Write(ref _isAsleep, 1);
        Wake();
        if (!IsCurrent && !_thread.Join(Patience)) HandlerBlocks(_thread.Name, Patience.TotalSeconds);
    }

    void Post(IThreadPoolWorkItem work, ConcurrentQueue<IThreadPoolWorkItem> queue)
    {
        queue.Enqueue(work);
        // Either the end of the loop finds the work in the queue, or this thread sees that the loop has ended.
        Interlocked.MemoryBarrier();
        if (_hasEnded) ExecuteRest();
        else Wake();
    }

    void Wake()
    {
        if (IsCurrent || Interlocked.Exchange(ref _isAsleep, 0) == 0 || !_wake.TryHold()) return;
        var one = 1UL;
        // Fails only if the counter is at its maximum: then the loop wakes anyway.
        _ = Libc.write(_wake.Value, (byte*)&one, sizeof(ulong));
        _wake.DangerousRelease();
    }

    void Run()
    {
        current = this;
        var events = stackalloc byte[EventsPerIteration * EpollEvent.Size];
        while (!_isStopping)
        {
            // Set before the queues are read: a thread that enqueues later sees it and wakes the loop.
            Interlocked.Exchange(ref _isAsleep, 1);
            var count = Libc.epoll_wait(_epoll.Value, events, EventsPerIteration, _posted.IsEmpty && _costly.IsEmpty ? -1 : 0);
            Volatile.Write(ref _isAsleep, 0);
            if (count < 0 && Libc.LastError is not Libc.Interrupted and var error) EpollFails(error);

            Lag.OnIterationStarted();
            for (var i = 0; i < count; i++) Dispatch(Registration.Of(EpollEvent.Data(events, i)), EpollEvent.Events(events, i));
            for (var left = _posted.Count; left > 0 && _posted.TryDequeue(out var work); left--) Execute(work);
            while (_costly.TryDequeue(out var work))
            {
                Execute(work);
                if (IsOverBudget) break;
            }

            Lag.OnIterationEnded();
        }

        End();
    }

    void End()
    {
        _hasEnded = true;
        Interlocked.MemoryBarrier();
        ExecuteRest();
        _epoll.Dispose();
        _wake.Dispose();
    }

    void ExecuteRest()
    {
        while (_posted.TryDequeue(out var work) || _costly.TryDequeue(out work)) Execute(work);
    }

    void Dispatch(Registration registration, Readiness events)
    {
        if (registration.IsNone)
        {
            ulong counter;
            _ = Libc.read(_wake.Value, (byte*)&counter, sizeof(ulong));
            return;
        }

        Volatile.Write(ref _events, _events + 1);
        try
        {
            _handlers.Find(registration)?.OnReady(events);
        }
        catch (Exception e)
        {
            // A fault of one connection must not end the others.
            HandlerFails(e);
        }
    }

    void Execute(IThreadPoolWorkItem work)
    {
        try
        {
            work.Execute();
        }
        catch (Exception e)
        {
            HandlerFails(e);
        }
    }

    int Control(int operation, int descriptor, Readiness interest, Registration registration)
    {
        if (!_epoll.TryHold())
        {
            Libc.LastError = Libc.BadDescriptor;
            return -1;
        }

        var epollEvent = stackalloc byte[16];
        EpollEvent.Write(epollEvent, interest, registration.Data);
        var result = Libc.epoll_ctl(_epoll.Value, operation, descriptor, epollEvent);
        _epoll.DangerousRelease();
        return result;
    }

    [LoggerMessage(1, LogLevel.Error, "A handler of a connection failed")]
    internal partial void HandlerFails(Exception exception);

    [LoggerMessage(2, LogLevel.Error, "epoll_wait failed with error {Error}")]
    partial void EpollFails(int error);

    [LoggerMessage(3, LogLevel.Error, "{Loop} has not ended after {Seconds} s: a handler blocks it")]
    partial void HandlerBlocks(string? loop, double seconds);
}
