using System.Text.Json;
using System.Text.Json.Serialization;

namespace ImGateway.Edge.Operations.Doctor;

[JsonConverter(typeof(FindingStatusJson))]
enum FindingStatus
{
    Ok,

    /// <summary>It may be meant so, or could not be looked at.</summary>
    Warn,

    /// <summary>The edge cannot serve, or cannot keep its certificates, as configured.</summary>
    Fail,
}

/// <summary>One thing that was looked at.</summary>
/// <param name="Check">What was looked at: <c>listen</c>, <c>dns</c>, …</param>
/// <param name="What">What was found, one line.</param>
/// <param name="Remedy">What to do; null where nothing is to be done.</param>
sealed record Finding(string Check, FindingStatus Status, string What, string? Remedy = null);

/// <summary>What is to be looked at, and by which name findings are to be told that it could not be.</summary>
sealed record Examination(string Check, Func<CancellationToken, Task<IEnumerable<Finding>>> LookAsync)
{
    public static Examination Of(string check, Func<IEnumerable<Finding>> look) => new(check, _ => Task.FromResult(look()));
}

sealed class FindingStatusJson() : JsonStringEnumConverter<FindingStatus>(JsonNamingPolicy.CamelCase);
