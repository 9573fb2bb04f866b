using Yarp.ReverseProxy.Model;

namespace ImGateway.Edge.Proxying.Upstream;

enum HoldEnd
{
    /// <summary>The gateway accepts connections again.</summary>
    Back,
    TimedOut,

    /// <summary>The queue is full.</summary>
    Full,

    /// <summary>The client has disconnected.</summary>
    Left,
}

/// <summary>A waiting request. If it waits several times, its position and deadline are those of the first.</summary>
/// <param name="cluster">The cluster it waits for.</param>
/// <param name="deadline">The timestamp at which it times out.</param>
sealed class HeldRequest(ClusterState cluster, long deadline)
{
    TaskCompletionSource<HoldEnd> _end = NewEnd();

    public ClusterState Cluster => cluster;

    public long Deadline => deadline;

    /// <summary>Order of arrival; 0 until it has arrived.</summary>
    public long Place { get; set; }

    public Task<HoldEnd> Begin()
    {
        if (_end.Task.IsCompleted) _end = NewEnd();
        return _end.Task;
    }

    public void End(HoldEnd end) => _end.TrySetResult(end);

    // Continuations run asynchronously, not on the thread that releases the requests.
    static TaskCompletionSource<HoldEnd> NewEnd() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
