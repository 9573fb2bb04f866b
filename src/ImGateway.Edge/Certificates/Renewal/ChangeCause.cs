
namespace ImGateway.Edge.Certificates.Renewal;

/// <summary>Why something else is served from now on.</summary>
/// <param name="Reason">As the metric says it.</param>
/// <param name="Who">For the audit log: <c>loop</c>, the verb's user, or the file.</param>
sealed record ChangeCause(string Reason, string Who)
{
    public const string Loop = "loop";

    /// <summary>The previous certificate comes back.</summary>
    public bool IsRollback { get; init; }

    /// <summary>Another edge has stored it, and counted and recorded it.</summary>
    public static readonly ChangeCause ByAnotherEdge = new("", "another edge") { IsElsewhere = true };

    public bool IsElsewhere { get; private init; }

    public bool IsByLoop => Who == Loop;

    public static ChangeCause ByLoop(string reason) => new(reason, Loop);

    /// <summary>What a file brings is its own doing.</summary>
    public static ChangeCause ByFile(string path) => new(RenewalReasons.File, path);
}
