using System.Text.Json;
using System.Text.Json.Serialization;

namespace ImGateway.Edge.Operations.Doctor;

[JsonConverter(typeof(FindingStatusJson))]
enum FindingStatus
{
    Ok,

    /// <summary>Possibly intended, or could not be checked.</summary>
    Warn,

    /// <summary>The edge cannot serve, or cannot keep its certificates, as configured.</summary>
    Fail,
}

/// <summary>The result of one check.</summary>
/// <param name="Check">The name of the check: <c>listen</c>, <c>dns</c>, …</param>
/// <param name="What">The result, one line.</param>
/// <param name="Remedy">What to do; null if nothing.</param>
sealed record Finding(string Check, FindingStatus Status, string What, string? Remedy = null);

/// <summary>A check, with the name under which its failure is reported.</summary>
sealed record DoctorCheck(string Check, Func<CancellationToken, Task<IEnumerable<Finding>>> RunAsync)
{
    public static DoctorCheck Of(string check, Func<IEnumerable<Finding>> run) => new(check, _ => Task.FromResult(run()));
}

sealed class FindingStatusJson() : JsonStringEnumConverter<FindingStatus>(JsonNamingPolicy.CamelCase);
