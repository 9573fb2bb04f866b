using ImGateway.Acme.Protocol;

namespace ImGateway.Acme;

/// <summary>A problem document of a CA (RFC 7807, RFC 8555 §6.7). All texts are truncated and sanitized.</summary>
/// <param name="Type">The type without <c>urn:ietf:params:acme:error:</c>, for example <c>rateLimited</c>.</param>
/// <param name="Detail">The human-readable explanation.</param>
/// <param name="Status">The HTTP status code.</param>
/// <param name="Subproblems">Problems of single identifiers (RFC 8555 §6.7.1).</param>
public sealed record AcmeProblem(string Type, string? Detail, int? Status, IReadOnlyList<AcmeSubproblem> Subproblems)
{
    const string Prefix = "urn:ietf:params:acme:error:";
    const int MostSubproblems = 100;
    const int MostShown = 5;

    // RFC 8555 §6.7, RFC 8657, RFC 9773 §7.4, the profiles draft, and Boulder's type for a challenge that is not pending.
    static readonly HashSet<string> Registered =
    [
        "accountDoesNotExist", "alreadyReplaced", "alreadyRevoked", "badCSR", "badNonce", "badPublicKey", "badRevocationReason",
        "badSignatureAlgorithm", "caa", "compound", "conflict", "connection", "dns", "externalAccountRequired", "incorrectResponse", "invalidContact",
        "invalidProfile", "malformed", "orderNotReady", "rateLimited", "rejectedIdentifier", "serverInternal", "tls", "unauthorized",
        "unsupportedContact", "unsupportedIdentifier", "userActionRequired",
    ];

    // Temporary problems; all others need a change before a retry.
    static readonly HashSet<string> Passing = ["badNonce", "connection", "dns", "rateLimited", "serverInternal", "tls"];

    /// <summary>The page for the operator to open: the CA's page for this problem (RFC 8555 §6.6, §7.3.3), or the first link in the detail.</summary>
    public Uri? Link { get; init; }

    internal static IReadOnlyCollection<string> RegisteredTypes => Registered;

    internal bool IsTransient => Passing.Contains(Type) || Status is 408 or 429 or >= 500;

    /// <summary>The type as a metric label: a registered type, or <c>other</c>.</summary>
    internal string Label => Registered.Contains(Type) ? Type : "other";

    /// <summary>One line.</summary>
    public override string ToString()
    {
        var parts = Subproblems.Take(MostShown).Select(problem => problem.ToString());
        var more = Subproblems.Count > MostShown ? [$"and {Subproblems.Count - MostShown} more"] : Array.Empty<string>();
        return string.Join("; ", [Detail is null ? Type : $"{Type}: {Detail}", .. parts, .. more]);
    }

    internal static AcmeProblem Parse(JsonFields fields) => new(
        TypeOf(fields),
        fields.Text("detail"),
        fields.Integer("status"),
        [.. fields.Objects("subproblems").Take(MostSubproblems).Select(AcmeSubproblem.Parse)])
    {
        Link = fields.Url("instance") ?? fields.LinkIn("detail"),
    };

    internal static string TypeOf(JsonFields fields)
    {
        var type = fields.Text("type") ?? "about:blank";
        return type.StartsWith(Prefix, StringComparison.Ordinal) ? type[Prefix.Length..] : type;
    }
}

/// <summary>The problem of one identifier (RFC 8555 §6.7.1).</summary>
public sealed record AcmeSubproblem(string Type, string? Detail, AcmeIdentifier? Identifier)
{
    public override string ToString() => $"{(Identifier is null ? "" : $"{Identifier}: ")}{Type}{(Detail is null ? "" : $": {Detail}")}";

    internal static AcmeSubproblem Parse(JsonFields fields)
    {
        var identifier = fields.Object("identifier");
        return new AcmeSubproblem(
            AcmeProblem.TypeOf(fields),
            fields.Text("detail"),
            identifier?.Text("type") is { } type && identifier.Text("value") is { } value ? new AcmeIdentifier(type, value) : null);
    }
}
