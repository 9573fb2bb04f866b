using System.Text.Json.Nodes;

namespace ImGateway.Testing;

/// <summary>Ends the handling of a request with a problem document (RFC 8555 §6.7).</summary>
sealed class CaProblemException(string type, string detail, int status = 400) : Exception(detail)
{
    public string Type => type;

    public int Status => status;

    public string? RetryAfter { get; init; }

    public string? Location { get; init; }

    public IReadOnlyList<CaSubproblem> Subproblems { get; init; } = [];

    public static CaProblemException Malformed(string detail) => new("malformed", detail);

    public static CaProblemException NotFound(string what) => new("malformed", $"There is no such {what}.", 404);

    public JsonObject ToJson()
    {
        var json = new JsonObject { ["type"] = Urn(type), ["detail"] = Message, ["status"] = status };
        if (Subproblems.Count > 0)
        {
            json["subproblems"] = new JsonArray([.. Subproblems.Select(sub => (JsonNode)new JsonObject
            {
                ["type"] = Urn(sub.Type),
                ["detail"] = sub.Detail,
                ["identifier"] = CaIdentifier.For(sub.Host).ToJson(),
            })]);
        }

        return json;
    }

    static string Urn(string type) => "urn:ietf:params:acme:error:" + type;
}
