using System.Runtime.InteropServices;
using ImGateway.DirectTls.Loops;
using ImGateway.DirectTls.Native;

namespace ImGateway.DirectTls.Transport;

/// <summary>Accepts on the thread of one loop.</summary>
sealed class Acceptor : IReadinessHandler, IThreadPoolWorkItem
{
    /// <summary>Connections accepted at once; then the others of the loop are served.</summary>
    const int Batch = 16;

    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100), StopLimit = TimeSpan.FromSeconds(10);

    readonly DirectListener _listener;
    readonly EventLoop _loop;
    readonly Descriptor _listening;
    readonly TimeProvider _time;
    readonly ITimer _resume;
    readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    Registration _registration;
    volatile bool _isStopping;

    /// <param name="listening">The listening socket, not owned.</param>
    /// <exception cref="IOException">The system refuses to watch it.</exception>
    public Acceptor(DirectListener listener, EventLoop loop, Descriptor listening, TimeProvider time)
    {
        (_listener, _loop, _listening, _time) = (listener, loop, listening, time);
        _resume = time.CreateTimer(static acceptor => ((Acceptor)acceptor!).OnPauseEnded(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _registration = Watch();
    }

    /// <summary>Completes when no connection is accepted any more.</summary>
    public async Task StopAsync()
    {
        _isStopping = true;
        _loop.Post(this);
        // A handler that blocks the loop is not waited for without end: whenever the loop goes on, it accepts nothing.
        await _stopped.Task.WaitAsync(StopLimit, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _resume.DisposeAsync();
    }

    public unsafe void OnReady(Readiness events)
    {
        var address = stackalloc byte[InternetAddress.MaxLength];
        for (var accepted = 0; accepted < Batch && !_isStopping; accepted++)
        {
            var length = (uint)InternetAddress.MaxLength;
            var descriptor = Libc.accept4(_listening.Value, address, &length, Libc.NonBlocking | Libc.CloseOnExec);
            if (descriptor >= 0)
            {
                _listener.OnAccepted(new Descriptor(descriptor), InternetAddress.Read(new(address, (int)length)));
                continue;
            }

            switch (Libc.LastError)
            {
                case Libc.TryAgain:
                    return;
                case (Libc.TooManyFiles or Libc.TooManyFilesInSystem or Libc.NoBuffers or Libc.NoMemory) and var error:
                    PauseAfter(error);
                    return;
                default:
                    // Closed by the client before it was accepted, or a network error of that connection (accept(2)).
                    break;
            }
        }
    }

    /// <summary>On the loop's thread: stops, or resumes after a pause.</summary>
    void IThreadPoolWorkItem.Execute()
    {
        if (_isStopping)
        {
            if (!_registration.IsNone) _loop.Remove(_registration, _listening);
            _registration = default;
            _stopped.TrySetResult();
        }
        else if (_registration.IsNone)
        {
            Resume();
        }
    }

    /// <summary>The socket stays readable as long as connections wait in its queue, so it must not be watched meanwhile. On the loop's thread.</summary>
    public void PauseAfter(int error)
    {
        _loop.Remove(_registration, _listening);
        _registration = default;
        ResumeLater(Marshal.GetPInvokeErrorMessage(error));
    }

    void Resume()
    {
        try
        {
            _registration = Watch();
        }
        catch (IOException e)
        {
            // What was exhausted a moment ago still is, or memory for the registration.
            ResumeLater(e.Message);
        }
    }

    void ResumeLater(string why)
    {
        _listener.OnFailed(why);
        _resume.Change(Pause, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Of several loops the kernel wakes one.</summary>
    Registration Watch() => _loop.Add(this, _listening, Readiness.Readable | Readiness.Exclusive);

    void OnPauseEnded() => _loop.Post(this);
}
