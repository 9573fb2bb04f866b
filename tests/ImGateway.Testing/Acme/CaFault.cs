using System.Text.Json.Nodes;

namespace ImGateway.Testing;

/// <summary>
/// What goes wrong with one request. Queued by <see cref="ScriptableCa.Fail"/>; a request takes one after its signature and nonce were found right.
/// </summary>
public abstract record CaFault
{
    /// <summary>A nonce of the CA's is refused; the answer carries a fresh one.</summary>
    public static CaFault BadNonce { get; } = Problem("badNonce", 400);

    public static CaFault DropBefore { get; } = new DropFault(After: false);

    /// <summary>The request is handled, its answer never arrives.</summary>
    public static CaFault DropAfter { get; } = new DropFault(After: true);

    /// <summary>No answer until the client gives up.</summary>
    public static CaFault Hang { get; } = new HangFault();

    public static CaFault AlreadyReplaced { get; } = Problem("alreadyReplaced", 409);

    public static CaFault AccountDoesNotExist { get; } = Problem("accountDoesNotExist", 400);

    public static CaFault UserActionRequired { get; } = Problem("userActionRequired", 403);

    public static CaFault ExternalAccountRequired { get; } = Problem("externalAccountRequired", 403);

    /// <summary>At finalize: the order is never finished.</summary>
    public static CaFault StuckInProcessing { get; } = Processing(int.MaxValue);

    public static CaFault OtherKey { get; } = new IssuingFault(CaMistake.OtherKey);

    public static CaFault OtherNames { get; } = new IssuingFault(CaMistake.OtherNames);

    /// <summary>At finalize: the certificate has a name that was not ordered, beside those that were.</summary>
    public static CaFault ExtraName { get; } = new IssuingFault(CaMistake.ExtraName);

    public static CaFault ExpiredCertificate { get; } = new IssuingFault(CaMistake.Expired);

    /// <summary>At finalize: signed by a CA that the chain does not contain.</summary>
    public static CaFault OtherIssuer { get; } = new IssuingFault(CaMistake.OtherIssuer);

    /// <summary>At download: the intermediates are missing.</summary>
    public static CaFault LeafOnly { get; } = new DownloadFault(chain => chain[..(chain.IndexOf("-----END", StringComparison.Ordinal) + 26)]);

    /// <summary>Changes the chain before it is sent.</summary>
    public static CaFault Download(Func<string, string> change) => new DownloadFault(change);

    public static CaFault GarbagePem { get; } =
        new DownloadFault(_ => "-----BEGIN CERTIFICATE-----\nbm90IGEgY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n");

    /// <summary>JSON that breaks off.</summary>
    public static CaFault Garbage { get; } = new CannedFault(new CaAnswer(200) { ContentType = "application/json", Body = "{\"suggestedWindow\": [" });

    public static CaFault UnknownChallengeTypes { get; } = new NewOrderFault(Token: null, ChallengeType: "smoke-signal-01");

    public static CaFault UnknownStatus { get; } = Rewrite(answer => answer["status"] = "contemplating");

    public static CaFault RateLimited(TimeSpan retryAfter, string detail = "Scripted.") =>
        RateLimited(((long)retryAfter.TotalSeconds).ToString(), detail);

    /// <param name="retryAfter">The header as it is sent, whether or not it means anything.</param>
    /// <param name="detail">The detail of the problem.</param>
    public static CaFault RateLimited(string retryAfter, string detail = "Scripted.") =>
        new ProblemFault("rateLimited", 429) { RetryAfter = retryAfter, Detail = detail };

    public static CaFault RateLimitedUntil(DateTimeOffset time) => new ProblemFault("rateLimited", 429) { RetryAfter = time.ToString("R") };

    /// <summary>What a proxy in front of a CA says: HTML and no nonce.</summary>
    public static CaFault Html(int status) =>
        new CannedFault(new CaAnswer(status) { ContentType = "text/html", Body = "<html><body><h1>Oh no</h1></body></html>", WithoutNonce = true });

    /// <summary>This response in place of the CA's own; it carries a nonce.</summary>
    public static CaFault Respond(int status, string contentType, string body, string? location = null) =>
        new CannedFault(new CaAnswer(status) { ContentType = contentType, Body = body, Location = location });

    /// <summary>A response of 256 MiB, unless the client stops reading.</summary>
    /// <param name="announced">Whether Content-Length says at once how long it is.</param>
    public static CaFault Endless(bool announced) => new EndlessFault(announced);

    public static CaFault Problem(string type, int status = 403, params CaSubproblem[] subproblems) =>
        new ProblemFault(type, status) { Subproblems = subproblems };

    /// <summary>The Date header of one answer is off by this.</summary>
    public static CaFault ClockOff(TimeSpan offset) => new ClockFault(offset);

    /// <summary>At finalize: the order is processing for so many polls.</summary>
    public static CaFault Processing(int polls) => new ProcessingFault(polls);

    /// <summary>At a challenge: it fails with this problem (connection, dns, caa, unauthorized, …) and nothing is validated.</summary>
    public static CaFault Invalid(string problemType, params CaSubproblem[] subproblems) => new ValidationFault(problemType, subproblems);

    /// <summary>At newOrder: every challenge of the order has this token.</summary>
    public static CaFault HostileToken(string token) => new NewOrderFault(token, ChallengeType: null);

    /// <summary>Changes a JSON answer before it is sent.</summary>
    public static CaFault Rewrite(Action<JsonObject> change) => new RewriteFault(change);

    internal virtual bool Fits(CaOperation operation) => true;
}

/// <summary>One of several problems (RFC 8555 §6.7.1).</summary>
public sealed record CaSubproblem(string Type, string Host, string Detail = "scripted");

/// <summary>What a CA may get wrong in a certificate.</summary>
enum CaMistake
{
    None,
    OtherKey,
    OtherNames,
    ExtraName,
    Expired,
    OtherIssuer,
}

sealed record ProblemFault(string Type, int Status) : CaFault
{
    public string? RetryAfter { get; init; }

    public string Detail { get; init; } = "Scripted.";

    public IReadOnlyList<CaSubproblem> Subproblems { get; init; } = [];
}

sealed record CannedFault(CaAnswer Answer) : CaFault;

sealed record EndlessFault(bool Announced) : CaFault
{
    public const long Length = 1L << 28;
}

sealed record DropFault(bool After) : CaFault;

sealed record HangFault : CaFault;

sealed record ClockFault(TimeSpan Offset) : CaFault;

sealed record RewriteFault(Action<JsonObject> Change) : CaFault;

sealed record ProcessingFault(int Polls) : CaFault
{
    internal override bool Fits(CaOperation operation) => operation is CaOperation.Finalize;
}

sealed record IssuingFault(CaMistake Mistake) : CaFault
{
    internal override bool Fits(CaOperation operation) => operation is CaOperation.Finalize;
}

sealed record DownloadFault(Func<string, string> Change) : CaFault
{
    internal override bool Fits(CaOperation operation) => operation is CaOperation.Certificate;
}

sealed record ValidationFault(string Type, IReadOnlyList<CaSubproblem> Subproblems) : CaFault
{
    internal override bool Fits(CaOperation operation) => operation is CaOperation.Challenge;
}

sealed record NewOrderFault(string? Token, string? ChallengeType) : CaFault
{
    internal override bool Fits(CaOperation operation) => operation is CaOperation.NewOrder;
}
