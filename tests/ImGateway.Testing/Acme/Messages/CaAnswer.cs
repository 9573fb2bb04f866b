using System.Text.Json.Nodes;
using ImGateway.Edge.Storage;
using Microsoft.AspNetCore.Http;

namespace ImGateway.Testing;

/// <summary>An answer before it is written.</summary>
sealed record CaAnswer(int Status)
{
    public JsonObject? Json { get; init; }

    public string? Body { get; init; }

    public string ContentType { get; init; } = "application/json";

    public string? Location { get; init; }

    public string? RetryAfter { get; init; }

    public IReadOnlyList<string> Links { get; init; } = [];

    public bool WithoutNonce { get; init; }

    /// <summary>The problem's type without its prefix.</summary>
    public string? Problem { get; init; }

    public static CaAnswer Of(JsonObject json, int status = StatusCodes.Status200OK) => new(status) { Json = json };

    public static CaAnswer OfProblem(CaProblemException problem) => new(problem.Status)
    {
        Json = problem.ToJson(),
        ContentType = "application/problem+json",
        Location = problem.Location,
        RetryAfter = problem.RetryAfter,
        Problem = problem.Type,
    };

    public static string? Seconds(TimeSpan? time) => time is { } some ? ((long)Math.Ceiling(some.TotalSeconds)).ToString() : null;

    public async Task WriteAsync(HttpResponse response, CancellationToken cancellationToken)
    {
        response.StatusCode = Status;
        if (Location is not null) response.Headers.Location = Location;
        if (RetryAfter is not null) response.Headers.RetryAfter = RetryAfter;
        if (Links.Count > 0) response.Headers.Link = Links.ToArray();
        if ((Json?.ToJsonString() ?? Body) is not { } body) return;
        response.ContentType = ContentType;
        await response.WriteAsync(body, cancellationToken);
    }
}
