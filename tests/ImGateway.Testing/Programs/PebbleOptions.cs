
namespace ImGateway.Testing;

/// <summary>How a <see cref="Pebble"/> behaves. The default validates for real and at once, and is kind.</summary>
public sealed record PebbleOptions
{
    /// <summary>Debian 12's pebble 2.4, which has neither ARI nor profiles, instead of 2.10.</summary>
    public bool Debian { get; init; }

    /// <summary>Lifetimes by name of profile. Default one, <c>default</c>, of 90 days.</summary>
    public IReadOnlyDictionary<string, TimeSpan> Profiles { get; init; } =
        new Dictionary<string, TimeSpan> { ["default"] = TimeSpan.FromDays(90) };

    /// <summary>How many of 100 good nonces are refused.</summary>
    public int NonceRejectPercent { get; init; }

    /// <summary>How many of 100 valid authorizations serve another order.</summary>
    public int AuthorizationReusePercent { get; init; }

    /// <summary>The longest random pause before a validation, in whole seconds. Default none.</summary>
    public TimeSpan ValidationSleep { get; init; }

    /// <summary>Validations succeed without a connection.</summary>
    public bool AlwaysValid { get; init; }

    /// <summary>Where http-01 connects to. Default a free port, to be listened on.</summary>
    public int? HttpPort { get; init; }

    /// <summary>Where tls-alpn-01 connects to. Default a free port, to be listened on.</summary>
    public int? TlsPort { get; init; }

    /// <summary>Keys in base64url by their identifiers. Not empty: registration needs one of them.</summary>
    public IReadOnlyDictionary<string, string> ExternalAccounts { get; init; } = new Dictionary<string, string>();

    /// <summary>Further roots, and with them alternate chains.</summary>
    public int AlternateRoots { get; init; }

    /// <summary>Names under these are refused.</summary>
    public IReadOnlyList<string> BlockedDomains { get; init; } = [];
}
