using System.Text.Json.Nodes;

namespace ImGateway.Testing;

/// <summary>What the CA remembers. Everything in it is read and changed under <see cref="Lock"/>.</summary>
sealed class CaState(ScriptableCaOptions options)
{
    int _lastId;

    public Lock Lock { get; } = new();

    public ScriptableCaOptions Options => options;

    public DateTimeOffset Now => options.Time.GetUtcNow();

    public Uri Base { get; set; } = new("https://127.0.0.1/");

    public Dictionary<string, CaAccount> Accounts { get; } = [];

    public Dictionary<string, CaOrder> Orders { get; } = [];

    public Dictionary<string, CaAuthorization> Authorizations { get; } = [];

    public Dictionary<string, CaChallenge> Challenges { get; } = [];

    public Dictionary<string, CaCertificate> Certificates { get; } = [];

    public IReadOnlyDictionary<string, CaProfile> Profiles { get; set; } = options.Profiles;

    public Dictionary<string, CaWindow> Windows { get; } = new(StringComparer.OrdinalIgnoreCase);

    public Dictionary<string, string[]> Txt { get; } = new(StringComparer.OrdinalIgnoreCase);

    public CaCounters Counters { get; } = new();

    public string NextId() => (++_lastId).ToString();

    public string Url(string path) => new Uri(Base, path).AbsoluteUri;
}

sealed class CaAccount(string id, Jwk key)
{
    public string Id => id;

    public Jwk Key { get; set; } = key;

    public string Status { get; set; } = "valid";

    public IReadOnlyList<string> Contacts { get; set; } = [];
}

sealed class CaOrder(string id, CaAccount account, IReadOnlyList<CaIdentifier> identifiers)
{
    public string Id => id;

    public CaAccount Account => account;

    public IReadOnlyList<CaIdentifier> Identifiers => identifiers;

    public List<CaAuthorization> Authorizations { get; } = [];

    public string? Profile { get; init; }

    public string? Replaces { get; init; }

    public DateTimeOffset? NotAfter { get; init; }

    public required DateTimeOffset Expires { get; init; }

    public string Status { get; set; } = "pending";

    public JsonObject? Error { get; set; }

    public CaCertificate? Certificate { get; set; }

    /// <summary>Polls that still find it processing.</summary>
    public int ProcessingPolls { get; set; }
}

sealed class CaAuthorization(string id, CaAccount account, CaIdentifier identifier, DateTimeOffset expires)
{
    public string Id => id;

    public CaAccount Account => account;

    public CaIdentifier Identifier => identifier;

    public DateTimeOffset Expires => expires;

    public string Status { get; set; } = "pending";

    /// <summary>What it has become although its order does not know; null while that is nothing.</summary>
    public string? Ended { get; set; }

    public List<CaChallenge> Challenges { get; } = [];
}

sealed class CaChallenge(string id, CaAuthorization authorization, string type, string token)
{
    public string Id => id;

    public CaAuthorization Authorization => authorization;

    public string Type => type;

    public string Token => token;

    public string Status { get; set; } = "pending";

    public JsonObject? Error { get; set; }

    public DateTimeOffset? Validated { get; set; }
}

/// <summary>When the CA suggests to renew (RFC 9773 §4.1).</summary>
sealed record CaWindow(DateTimeOffset Start, DateTimeOffset End, Uri? Explanation)
{
    public bool Contains(DateTimeOffset now) => Start <= now && now < End;
}

sealed class CaCounters
{
    public int Orders { get; set; }

    public int Certificates { get; set; }

    public int FailedValidations { get; set; }

    public int LimitHits { get; set; }
}
