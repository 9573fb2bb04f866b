using Yarp.ReverseProxy.Model;

namespace ImGateway.Edge.Proxying.Upstream;

enum HoldResult
{
    /// <summary>The gateway accepts connections again.</summary>
    Available,
    TimedOut,

    /// <summary>The queue is full.</summary>
    Full,

    /// <summary>The client has disconnected.</summary>
    ClientDisconnected,
}

/// <summary>A waiting request. If it waits several times, its position and deadline are those of the first.</summary>
/// <param name="cluster">The cluster it waits for.</param>
/// <param name="deadline">The timestamp at which it times out.</param>
sealed class HeldRequest(ClusterState cluster, long deadline)
{
    TaskCompletionSource<HoldResult> _end = NewEnd();

    public ClusterState Cluster => cluster;

    public long Deadline => deadline;

    /// <summary>Order of arrival; 0 until it has arrived.</summary>
    public long Order { get; set; }

    /// <summary>Its place in the queue; no longer in a list once it has left.</summary>
    public LinkedListNode<HeldRequest>? Node { get; set; }

    public Task<HoldResult> Begin()
    {
        if (_end.Task.IsCompleted) _end = NewEnd();
        return _end.Task;
    }

    public void End(HoldResult end) => _end.TrySetResult(end);

    // Continuations run asynchronously, not on the thread that releases the requests.
    static TaskCompletionSource<HoldResult> NewEnd() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
