using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace ImGateway.Acme;

/// <summary>How a CA is talked to.</summary>
public sealed record AcmeServerOptions
{
    /// <summary>The only roots that the CA's own HTTPS certificate may lead to (private CAs). Default null: those of the machine.</summary>
    public X509Certificate2Collection? TrustedRoots { get; init; }

    /// <summary>For one request and its answer. Default 30 s. An operation may take several requests.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>No <see cref="AcmeException.RetryAfter"/> is longer, whatever the CA asks for. Default a day.</summary>
    public TimeSpan MaxRetryAfter { get; init; } = TimeSpan.FromDays(1);

    /// <summary>The longest pause between two looks at an order or authorization. Default a minute.</summary>
    public TimeSpan MaxPollInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Sent with every request, as RFC 8555 §6.1 demands. Default the library's name.</summary>
    public string UserAgent { get; init; } = "ImGateway.Acme/0.1";

    /// <summary>Used for every pause, time-out and age.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Called after every HTTP request, on the caller's flow. Must not throw.</summary>
    public Action<AcmeRequestOutcome>? OnRequest { get; init; }

    /// <summary>Default none: proxies named by environment variables are not used.</summary>
    public IWebProxy? Proxy { get; init; }

    /// <summary>Replaces the connection, and with it <see cref="TrustedRoots"/> and <see cref="Proxy"/>. Not disposed of.</summary>
    public HttpMessageHandler? Handler { get; init; }
}

/// <summary>One HTTP request, for metrics.</summary>
/// <param name="Operation">As <see cref="AcmeException.Operation"/>.</param>
/// <param name="Host">The CA's.</param>
/// <param name="Problem">
/// Null where it succeeded. A type registered for ACME, or <c>other</c>, <c>http</c> (an error without a problem document), <c>network</c>,
/// <c>timeout</c>: a bounded set, whatever a CA sends.
/// </param>
/// <param name="Status">Null where nothing was answered.</param>
/// <param name="Duration">Until the whole answer was read.</param>
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
