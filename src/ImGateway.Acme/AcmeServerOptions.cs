using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace ImGateway.Acme;

/// <summary>Options of an <see cref="AcmeServer"/>.</summary>
public sealed record AcmeServerOptions
{
    /// <summary>The only trusted roots for the CA's own HTTPS certificate (private CAs). Default null: the machine's trust store.</summary>
    public X509Certificate2Collection? TrustedRoots { get; init; }

    /// <summary>Time-out of one request with its response. Default 30 s. An operation may take several requests.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Upper limit of <see cref="AcmeException.RetryAfter"/>, whatever the CA sends. Default one day.</summary>
    public TimeSpan MaxRetryAfter { get; init; } = TimeSpan.FromDays(1);

    /// <summary>The longest interval between two polls of an order or authorization. Default one minute.</summary>
    public TimeSpan MaxPollInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The <c>User-Agent</c> of every request (RFC 8555 §6.1). Default the library's name.</summary>
    public string UserAgent { get; init; } = "ImGateway.Acme/0.1";

    /// <summary>The clock of all delays and time-outs. Default the system's.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Called after every HTTP request, before the operation continues. Must not throw.</summary>
    public Action<AcmeRequestOutcome>? OnRequest { get; init; }

    /// <summary>The HTTP proxy. Default null: no proxy; environment variables are ignored.</summary>
    public IWebProxy? Proxy { get; init; }

    /// <summary>Replaces the HTTP handler, and with it <see cref="TrustedRoots"/> and <see cref="Proxy"/>. Not disposed by the library.</summary>
    public HttpMessageHandler? Handler { get; init; }
}

/// <summary>One HTTP request, for metrics.</summary>
/// <param name="Operation">The operation, as in <see cref="AcmeException.Operation"/>.</param>
/// <param name="Host">The CA's host name.</param>
/// <param name="Problem">
/// Null if the request succeeded. Otherwise a type registered for ACME, or <c>other</c>, <c>http</c> (an error without a problem document), <c>network</c>,
/// <c>timeout</c>. The set is bounded, whatever the CA sends.
/// </param>
/// <param name="Status">The HTTP status; null if there was no response.</param>
/// <param name="Duration">Time until the whole response was read.</param>
public sealed record AcmeRequestOutcome(string Operation, string Host, string? Problem, int? Status, TimeSpan Duration)
{
    /// <summary>All values of <see cref="Operation"/>.</summary>
    public static IReadOnlyList<string> Operations { get; } =
    [
        "directory", "newNonce", "newAccount", "account", "keyChange", "newOrder", "order", "authorization", "challenge", "finalize", "certificate",
        "renewalInfo", "revokeCert",
    ];

    /// <summary>All values of <see cref="Problem"/> but null.</summary>
    public static IReadOnlyList<string> Problems { get; } = [.. AcmeProblem.RegisteredTypes.Order(StringComparer.Ordinal), "other", "http", "network", "timeout"];
}
