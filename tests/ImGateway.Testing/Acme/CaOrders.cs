using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ImGateway.Testing;

/// <summary>newOrder, order and finalize (RFC 8555 §7.4, RFC 9773 §5).</summary>
sealed class CaOrders(CaState state, CaLimiter limiter, CaIssuer issuer)
{
    const int MostIdentifiers = 100;

    public CaAnswer Create(CaCall call)
    {
        var account = call.RequiredAccount;
        var payload = call.RequiredPayload;
        var identifiers = payload.GetProperty("identifiers").EnumerateArray().Select(CaIdentifier.Parse).ToList();
        if (identifiers.Count is 0 or > MostIdentifiers || identifiers.Distinct().Count() != identifiers.Count)
        {
            throw CaProblemException.Malformed("Identifiers are one to a hundred different ones.");
        }

        var profile = Text(payload, "profile");
        if (profile is not null && !state.Profiles.ContainsKey(profile))
        {
            throw new CaProblemException("invalidProfile", $"There is no profile {profile}.");
        }

        var replaced = Replaced(account, Text(payload, "replaces"));
        if (state.Options.ReuseOrders && OpenOrder(account, identifiers, profile) is { } open) return Created(open);
        // An order that replaces a certificate is exempt within that certificate's window, as at Let's Encrypt.
        if (replaced is null || !CaCertificates.WindowOf(state, replaced).Contains(state.Now))
        {
            limiter.RequireRoomForOrder(account, identifiers);
            limiter.CountOrder(account, identifiers);
        }

        var order = new CaOrder(state.NextId(), account, identifiers)
        {
            Profile = profile,
            Replaces = replaced?.RenewalId,
            NotAfter = Text(payload, "notAfter") is { } notAfter ? DateTimeOffset.Parse(notAfter) : null,
            Expires = state.Now + state.Options.OrderLifetime,
        };
        order.Authorizations.AddRange(identifiers.Select(identifier => AuthorizationFor(account, identifier, call.Fault as NewOrderFault)));
        state.Orders[order.Id] = order;
        state.Counters.Orders++;
        return Created(order);
    }

    public CaAnswer Show(CaCall call)
    {
        call.RequirePostAsGet();
        var order = Find(call);
        Advance(order);
        if (order.Status == "processing" && order.ProcessingPolls-- <= 0)
        {
            order.Status = "valid";
        }

        return Answer(order, 200);
    }

    public CaAnswer FinalizeOrder(CaCall call)
    {
        var order = Find(call);
        Advance(order);
        if (order.Status != "ready") throw new CaProblemException("orderNotReady", $"The order is {order.Status}.", 403);
        var key = CaSigningRequest.KeyFor(order, call.RequiredPayload);
        var certificate = issuer.Issue(order, key, (call.Fault as IssuingFault)?.Mistake ?? CaMistake.None);
        state.Certificates[certificate.Id] = certificate;
        state.Counters.Certificates++;
        foreach (var replaced in state.Certificates.Values.Where(other => other.RenewalId == order.Replaces)) replaced.WasReplaced = true;
        order.Certificate = certificate;
        order.Status = call.Fault is ProcessingFault ? "processing" : "valid";
        order.ProcessingPolls = (call.Fault as ProcessingFault)?.Polls ?? 0;
        return Answer(order, 200) with { Location = state.Url($"order/{order.Id}") };
    }

    CaAnswer Created(CaOrder order) => Answer(order, 201) with { Location = state.Url($"order/{order.Id}") };

    CaOrder? OpenOrder(CaAccount account, IReadOnlyCollection<CaIdentifier> identifiers, string? profile)
    {
        foreach (var order in state.Orders.Values.Where(order => order.Account == account && order.Profile == profile && identifiers.ToHashSet().SetEquals(order.Identifiers)))
        {
            Advance(order);
            if (order.Status is "pending" or "ready") return order;
        }

        return null;
    }

    CaOrder Find(CaCall call)
    {
        if (!state.Orders.TryGetValue(call.Id, out var order)) throw CaProblemException.NotFound("order");
        return order.Account == call.RequiredAccount ? order : throw new CaProblemException("unauthorized", "This is somebody else's order.", 403);
    }

    void Advance(CaOrder order)
    {
        if (order.Status is not ("pending" or "ready")) return;
        if (order.Expires <= state.Now) order.Status = "invalid";
        else if (order.Authorizations.Find(authorization => authorization.Status is not ("pending" or "valid")) is { } failed)
        {
            order.Status = "invalid";
            order.Error = failed.Challenges.Find(challenge => challenge.Error is not null)?.Error?.DeepClone().AsObject();
        }
        else if (order.Authorizations.TrueForAll(authorization => authorization.Status == "valid")) order.Status = "ready";
    }

    CaCertificate? Replaced(CaAccount account, string? id)
    {
        if (id is null) return null;
        var certificate = state.Certificates.Values.SingleOrDefault(certificate => certificate.RenewalId == id)
            ?? throw new CaProblemException("malformed", "replaces names no certificate of this CA.", 404);
        if (certificate.Account != account) throw new CaProblemException("unauthorized", "replaces names somebody else's certificate.", 403);
        var taken = certificate.WasReplaced
            || state.Orders.Values.Any(order => order.Replaces == id && order.Status != "invalid" && order.Expires > state.Now);
        return taken ? throw new CaProblemException("alreadyReplaced", "Another order replaces this certificate.", 409) : certificate;
    }

    CaAuthorization AuthorizationFor(CaAccount account, CaIdentifier identifier, NewOrderFault? fault)
    {
        if (state.Options.ReuseAuthorizations && state.Authorizations.Values.FirstOrDefault(known =>
                known.Account == account && known.Identifier == identifier && known.Status == "valid" && known.Expires > state.Now) is { } held)
        {
            return held;
        }

        var authorization = new CaAuthorization(state.NextId(), account, identifier, state.Now + state.Options.OrderLifetime);
        var types = fault?.ChallengeType is { } unknown ? [unknown] : state.Options.Challenges.Where(type => Suits(type, identifier));
        var token = fault?.Token ?? Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        foreach (var type in types)
        {
            var challenge = new CaChallenge(state.NextId(), authorization, type, token);
            authorization.Challenges.Add(challenge);
            state.Challenges[challenge.Id] = challenge;
        }

        state.Authorizations[authorization.Id] = authorization;
        return authorization;
    }

    static bool Suits(string challenge, CaIdentifier identifier)
    {
        var isDns = challenge.StartsWith("dns-", StringComparison.Ordinal);
        return identifier.IsWildcard ? isDns : identifier.Type != "ip" || !isDns;
    }

    CaAnswer Answer(CaOrder order, int status)
    {
        Advance(order);
        var json = new JsonObject
        {
            ["status"] = order.Status,
            ["expires"] = order.Expires.ToString("yyyy-MM-ddTHH:mm:ssZ"),
            ["identifiers"] = new JsonArray([.. order.Identifiers.Select(identifier => (JsonNode)identifier.ToOrderJson())]),
            ["authorizations"] = new JsonArray([.. order.Authorizations.Select(authorization => (JsonNode)state.Url($"authorization/{authorization.Id}"))]),
            ["finalize"] = state.Url($"order/{order.Id}/finalize"),
        };
        if (order.Profile is not null) json["profile"] = order.Profile;
        if (order.Replaces is not null) json["replaces"] = order.Replaces;
        if (order.Error is not null) json["error"] = order.Error.DeepClone();
        if (order is { Status: "valid", Certificate: { } certificate }) json["certificate"] = state.Url($"certificate/{certificate.Id}");
        return CaAnswer.Of(json, status) with
        {
            RetryAfter = order.Status == "processing" ? CaAnswer.Seconds(state.Options.RetryAfter) : null,
        };
    }

    static string? Text(JsonElement payload, string name) => payload.TryGetProperty(name, out var value) ? value.GetString() : null;
}
