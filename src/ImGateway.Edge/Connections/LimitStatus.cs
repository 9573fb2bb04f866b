namespace ImGateway.Edge.Connections;

/// <summary>One limit and what is used of it. <c>/api/status</c>, the status page, <c>doctor</c> and the metrics read all limits in this form.</summary>
/// <param name="Name">A fixed set of words: <c>descriptors</c>, …</param>
/// <param name="Used">In the unit of <paramref name="Limit"/>.</param>
/// <param name="Limit">At which something is refused.</param>
/// <param name="Destination">Which upstream it is about; null where it is about the edge as a whole.</param>
public sealed record LimitStatus(string Name, long Used, long Limit, string? Destination = null)
{
    /// <summary>Of <see cref="Limit"/>: from here on a limit is reported as short.</summary>
    public const double ShortFrom = 0.8;

    public bool IsShort => Limit > 0 && Used >= ShortFrom * Limit;
}

/// <summary>Something that can be exhausted. Each implementation that is registered is reported.</summary>
interface ILimitSource
{
    /// <summary>Read when somebody asks. Empty where there is no limit.</summary>
    IEnumerable<LimitStatus> Limits();
}
