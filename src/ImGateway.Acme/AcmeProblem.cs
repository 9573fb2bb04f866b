using ImGateway.Acme.Protocol;

namespace ImGateway.Acme;

/// <summary>Why a CA refused (RFC 7807, RFC 8555 §6.7). All texts are bounded and without control characters.</summary>
/// <param name="Type">Without <c>urn:ietf:params:acme:error:</c>, for example <c>rateLimited</c>.</param>
/// <param name="Detail">For people.</param>
/// <param name="Status">Of HTTP.</param>
/// <param name="Subproblems">Of single identifiers.</param>
public sealed record AcmeProblem(string Type, string? Detail, int? Status, IReadOnlyList<AcmeSubproblem> Subproblems)
{
    const string Prefix = "urn:ietf:params:acme:error:";
    const int MostSubproblems = 100;
    const int MostShown = 5;

    // RFC 8555 §6.7, RFC 8657, RFC 9773 §7.4, profiles, and what Boulder says of a challenge that is not pending.
    static readonly HashSet<string> Registered =
    [
        "accountDoesNotExist", "alreadyReplaced", "alreadyRevoked", "badCSR", "badNonce", "badPublicKey", "badRevocationReason",
        "badSignatureAlgorithm", "caa", "compound", "conflict", "connection", "dns", "externalAccountRequired", "incorrectResponse", "invalidContact",
        "invalidProfile", "malformed", "orderNotReady", "rateLimited", "rejectedIdentifier", "serverInternal", "tls", "unauthorized",
        "unsupportedContact", "unsupportedIdentifier", "userActionRequired",
    ];

    // What passes by itself: others need somebody to change something first.
    static readonly HashSet<string> Passing = ["badNonce", "connection", "dns", "rateLimited", "serverInternal", "tls"];

    /// <summary>What people are to open: a page of the CA's for this problem (RFC 8555 §6.6, §7.3.3), or the first link in its detail.</summary>
    public Uri? Link { get; init; }

    internal static IReadOnlyCollection<string> RegisteredTypes => Registered;

    internal bool IsTransient => Passing.Contains(Type) || Status is 408 or 429 or >= 500;

    /// <summary>Fit for a metric's label.</summary>
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

/// <summary>What is wrong with one identifier (RFC 8555 §6.7.1).</summary>
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
