using Yarp.ReverseProxy.Model;

namespace ImGateway.Edge.Proxying;

enum HoldEnd
{
    /// <summary>The gateway takes connections again.</summary>
    Back,
    TimedOut,

    /// <summary>As many as may wait wait already.</summary>
    Full,

    /// <summary>The client has gone.</summary>
    Left,
}

/// <summary>One request that waits, perhaps several times: its place and its time count from the first.</summary>
/// <param name="cluster">Where it wants to go.</param>
/// <param name="deadline">Timestamp at which it gives up.</param>
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

    // Whoever lets a hundred requests go does not run them.
    static TaskCompletionSource<HoldEnd> NewEnd() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
