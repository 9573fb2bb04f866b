using System.Text.Json;

namespace ImGateway.Acme.Protocol;

/// <summary>A response of a CA, not yet validated.</summary>
sealed record AcmeResponse(string Operation, Uri Url, int Status, string? MediaType, byte[] Body)
{
    /// <summary>The <c>Replay-Nonce</c>, validated as base64url (RFC 8555 §6.5.1).</summary>
    public string? Nonce { get; init; }

    public Uri? Location { get; init; }

    /// <summary>The <c>Retry-After</c>, clamped.</summary>
    public TimeSpan? RetryAfter { get; init; }

    public IReadOnlyList<Uri> Alternates { get; init; } = [];

    /// <summary>The page that explains a rate limit (RFC 8555 §6.6).</summary>
    public Uri? Help { get; init; }

    public bool IsSuccess => Status is >= 200 and < 300;

    /// <summary>The problem document in the body, whatever the media type says; null if there is none.</summary>
    public AcmeProblem? Problem
    {
        get
        {
            if (IsSuccess || TryParse() is not { } json) return null;
            var problem = AcmeProblem.Parse(new JsonFields(json, this));
            return problem.Link is null ? problem with { Link = Help } : problem;
        }
    }

    public JsonFields Fields() =>
        TryParse() is { } json ? new JsonFields(json, this) : throw Failure($"no JSON object but {Description}");

    public Uri RequiredLocation => Location ?? throw Failure("no usable Location");

    /// <summary>The error for a success response that is unusable.</summary>
    public AcmeException Failure(string reason) => new(Operation, Url.Host, $"the CA's answer cannot be used: {reason}");

    /// <summary>The error for a failure response.</summary>
    public AcmeException Refusal()
    {
        var problem = Problem;
        var transient = problem?.IsTransient ?? false;
        return new AcmeException(
            Operation, Url.Host, problem?.ToString() ?? $"the CA answered {Description}", problem,
            transient || Status is 408 or 429 or >= 500, RetryAfter);
    }

    string Description => Status is >= 300 and < 400
        ? $"{Status}: redirects are not followed"
        : $"{Status} with {Body.Length} bytes of {(MediaType is null ? "no type" : CaText.Clean(MediaType))}";

    JsonElement? TryParse()
    {
        try
        {
            var json = JsonElement.Parse(Body);
            return json.ValueKind == JsonValueKind.Object ? json : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
