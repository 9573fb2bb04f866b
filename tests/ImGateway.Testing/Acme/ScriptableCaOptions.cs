
namespace ImGateway.Testing;

/// <summary>How a <see cref="ScriptableCa"/> behaves before any fault is scripted.</summary>
public sealed record ScriptableCaOptions
{
    /// <summary>The CA's clock: dates of certificates, orders and rate limits, and the Date header.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>0 takes a free one; a number lets a CA come back at the same place.</summary>
    public int Port { get; init; }

    public TimeSpan Lifetime { get; init; } = TimeSpan.FromDays(90);

    public TimeSpan OrderLifetime { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Profiles of the directory's meta; an order that names none gets <see cref="Lifetime"/>.</summary>
    public IReadOnlyDictionary<string, CaProfile> Profiles { get; init; } = new Dictionary<string, CaProfile>();

    /// <summary>Challenge types offered; wildcards get the dns ones only, addresses the others (RFC 8738 §7).</summary>
    public IReadOnlyList<string> Challenges { get; init; } = ["http-01", "tls-alpn-01", "dns-01"];

    /// <summary>Every challenge is valid as soon as it is accepted, without connecting back.</summary>
    public bool AlwaysValid { get; init; }

    /// <summary>A challenge that is accepted for the second time is answered 409 <c>conflict</c>, as by Boulder since July 2026.</summary>
    public bool RefusesSecondAcceptance { get; init; }

    /// <summary>Authorizations that an account holds are valid for its later orders too.</summary>
    public bool ReuseAuthorizations { get; init; }

    /// <summary>
    /// A newOrder for the identifiers of a pending order of the same account returns that order, as at Let's Encrypt: a lost response costs no
    /// second order.
    /// </summary>
    public bool ReuseOrders { get; init; }

    /// <summary>A validation that fails is repeated until <see cref="ValidationTimeout"/> (RFC 8555 §8.2).</summary>
    public bool RepeatsValidation { get; init; }

    /// <summary>How long one validation may take, in real time.</summary>
    public TimeSpan ValidationTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Retry-After on what is not finished; null sends none.</summary>
    public TimeSpan? RetryAfter { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Null requires no agreement.</summary>
    public string? TermsOfService { get; init; } = "https://ca.test/terms";

    /// <summary>Key identifiers and HMAC keys; any at all make an external account required (RFC 8555 §7.3.4).</summary>
    public IReadOnlyDictionary<string, byte[]> ExternalAccounts { get; init; } = new Dictionary<string, byte[]>();

    /// <summary>What <c>caaIdentities</c> and <c>dns-persist-01</c> name.</summary>
    public string CaaIdentity { get; init; } = "ca.test";

    public bool OffersRenewalInfo { get; init; } = true;

    /// <summary>The window of every certificate began a day before it was issued and ends with it, so that renewals at once are exempt from limits.</summary>
    public bool SuggestsRenewalAtOnce { get; init; }

    public TimeSpan RenewalInfoRetryAfter { get; init; } = TimeSpan.FromHours(6);

    /// <summary>Certificates name an OCSP responder.</summary>
    public bool OffersOcsp { get; init; }

    public TimeSpan OcspLifetime { get; init; } = TimeSpan.FromDays(7);

    public CaRateLimits RateLimits { get; init; } = new();
}

/// <summary>A profile (draft-ietf-acme-profiles).</summary>
public sealed record CaProfile(string Description, TimeSpan Lifetime);

/// <summary>Null is without limit.</summary>
public sealed record CaRateLimits
{
    /// <summary>The numbers Let's Encrypt publishes.</summary>
    public static CaRateLimits LetsEncrypt { get; } = new()
    {
        OrdersPerNameSet = new(5, TimeSpan.FromDays(7)),
        FailedAuthorizationsPerName = new(5, TimeSpan.FromHours(1)),
        OrdersPerAccount = new(300, TimeSpan.FromHours(3)),
    };

    public CaRateLimit? OrdersPerNameSet { get; init; }

    public CaRateLimit? FailedAuthorizationsPerName { get; init; }

    public CaRateLimit? OrdersPerAccount { get; init; }
}

/// <summary>So many in a sliding window.</summary>
public sealed record CaRateLimit(int Count, TimeSpan Window);
