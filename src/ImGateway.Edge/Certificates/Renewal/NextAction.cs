namespace ImGateway.Edge.Certificates.Renewal;

/// <summary>The next action for a certificate.</summary>
/// <param name="Action"><c>renew</c>: the edge renews it; <c>rotate</c>: the operator must replace it; <c>none</c>.</param>
/// <param name="At">The latest time of the action; null if none is planned.</param>
/// <param name="Why">The reason, in a word or two.</param>
public sealed record NextAction(string Action, DateTimeOffset? At, string Why)
{
    /// <summary>The error of the last attempt, in one line; null if it did not fail.</summary>
    public string? LastError { get; init; }

    /// <summary>Failed attempts since the last success.</summary>
    public int Failures { get; init; }

    public override string ToString() =>
        (At is { } at ? $"{Action} by {at:yyyy-MM-dd}: {Why}" : $"{Action}: {Why}") + (LastError is null ? "" : $"; the last attempt failed: {LastError}");
}
