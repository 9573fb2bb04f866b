namespace ImGateway.Edge.Certificates.Renewal;

/// <summary>What happens next to a certificate.</summary>
/// <param name="Action"><c>renew</c>: the edge does it; <c>rotate</c>: the operator has to; <c>none</c>.</param>
/// <param name="At">When at the latest; null where nothing is planned.</param>
/// <param name="Why">In a word or two.</param>
public sealed record NextAction(string Action, DateTimeOffset? At, string Why)
{
    /// <summary>Of the attempt before, where it failed: one line.</summary>
    public string? LastError { get; init; }

    /// <summary>Attempts that failed since the last success.</summary>
    public int Failures { get; init; }

    public override string ToString() =>
        (At is { } at ? $"{Action} by {at:yyyy-MM-dd}: {Why}" : $"{Action}: {Why}") + (LastError is null ? "" : $"; the last attempt failed: {LastError}");
}
