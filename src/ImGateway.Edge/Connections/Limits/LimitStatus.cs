using System.Text.Json.Serialization;

namespace ImGateway.Edge.Connections.Limits;

/// <summary>A limit and its usage, the common form for <c>/api/status</c>, the status page, <c>doctor</c> and the metrics.</summary>
/// <param name="Name">The limit's name, from a fixed set: <c>descriptors</c>, …</param>
/// <param name="Used">The usage, in the unit of <paramref name="Limit"/>.</param>
/// <param name="Limit">The value at which requests or connections are refused.</param>
/// <param name="Destination">The upstream concerned; null for the edge as a whole.</param>
public sealed record LimitStatus(string Name, long Used, long Limit, string? Destination = null)
{
    /// <summary>The share of <see cref="Limit"/> from which on it is reported as nearly exhausted.</summary>
    public const double NearlyExhaustedFrom = 0.8;

    /// <summary>The API's name is older than the property's: fields of <c>/api/status</c> are never changed (docs/api.md).</summary>
    [JsonPropertyName("isShort")]
    public bool IsNearlyExhausted => Limit > 0 && Used >= NearlyExhaustedFrom * Limit;
}

/// <summary>A source of limits. All registered implementations are reported.</summary>
interface ILimitSource
{
    /// <summary>Read on request. Empty if there is no limit.</summary>
    IEnumerable<LimitStatus> Limits();
}
