using System.Text.Json.Nodes;

namespace ImGateway.Testing;

/// <summary>Authorizations and challenges (RFC 8555 §7.5). Validation goes on beside the request that asked for it.</summary>
sealed class CaChallenges(CaState state, CaLimiter limiter, CaValidator validator, Action changed) : IAsyncDisposable
{
    readonly CancellationTokenSource _stop = new();
    readonly List<Task> _running = [];

    public CaAnswer ShowAuthorization(CaCall call)
    {
        if (!state.Authorizations.TryGetValue(call.Id, out var authorization)) throw CaProblemException.NotFound("authorization");
        RequireOwner(authorization, call);
        if (authorization.Ended == ScriptableCa.Forgotten) throw CaProblemException.NotFound("authorization");
        if (authorization.Status == "pending" && authorization.Expires <= state.Now) authorization.Status = "expired";
        if (call.Payload is { } payload)
        {
            if (payload.GetProperty("status").GetString() != "deactivated") throw CaProblemException.Malformed("deactivated is the only change.");
            authorization.Status = "deactivated";
        }

        var json = new JsonObject
        {
            ["identifier"] = authorization.Identifier.ToJson(),
            ["status"] = authorization.Ended ?? authorization.Status,
            ["expires"] = authorization.Expires.ToString("yyyy-MM-ddTHH:mm:ssZ"),
            ["challenges"] = new JsonArray([.. authorization.Challenges.Select(challenge => (JsonNode)Describe(challenge))]),
        };
        if (authorization.Identifier.IsWildcard) json["wildcard"] = true;
        return CaAnswer.Of(json) with
        {
            RetryAfter = authorization.Status == "pending" ? CaAnswer.Seconds(state.Options.RetryAfter) : null,
        };
    }

    public CaAnswer ShowChallenge(CaCall call)
    {
        if (!state.Challenges.TryGetValue(call.Id, out var challenge)) throw CaProblemException.NotFound("challenge");
        RequireOwner(challenge.Authorization, call);
        if (call.Payload is not null && challenge.Status != "pending" && state.Options.RefusesSecondAcceptance)
        {
            throw new CaProblemException("conflict", $"The challenge is {challenge.Status}.", 409);
        }

        if (call.Payload is not null && challenge.Status == "pending")
        {
            if ((challenge.Authorization.Ended ?? challenge.Authorization.Status) is not "pending" and var ended) throw CaProblemException.Malformed($"The authorization is {ended}.");
            challenge.Status = "processing";
            if (call.Fault is ValidationFault fault) Complete(challenge, Failure(challenge, fault));
            else if (state.Options.AlwaysValid) Complete(challenge, failure: null);
            else _running.Add(ValidateAsync(challenge));
        }

        return CaAnswer.Of(Describe(challenge)) with
        {
            RetryAfter = challenge.Status == "processing" ? CaAnswer.Seconds(state.Options.RetryAfter) : null,
            Links = [$"<{state.Url($"authorization/{challenge.Authorization.Id}")}>;rel=\"up\""],
        };
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Task[] running;
        lock (state.Lock) running = [.. _running];
        await Task.WhenAll(running);
        _stop.Dispose();
    }

    async Task ValidateAsync(CaChallenge challenge)
    {
        // The caller holds the lock: nothing of the validation runs inside it.
        await Task.Yield();
        var failure = await validator.ValidateAsync(challenge, _stop.Token);
        lock (state.Lock) Complete(challenge, failure);
        changed();
    }

    void Complete(CaChallenge challenge, CaProblemException? failure)
    {
        var authorization = challenge.Authorization;
        challenge.Status = authorization.Status = failure is null ? "valid" : "invalid";
        challenge.Error = failure?.ToJson();
        if (failure is null)
        {
            challenge.Validated = state.Now;
            return;
        }

        state.Counters.FailedValidations++;
        limiter.CountFailure(authorization.Account, authorization.Identifier);
    }

    JsonObject Describe(CaChallenge challenge)
    {
        var json = new JsonObject
        {
            ["type"] = challenge.Type,
            ["url"] = state.Url($"challenge/{challenge.Id}"),
            ["status"] = challenge.Status,
        };
        if (challenge.Type == "dns-persist-01") json["issuer-domain-names"] = new JsonArray(state.Options.CaaIdentity);
        else json["token"] = challenge.Token;
        if (challenge.Validated is { } validated) json["validated"] = validated.ToString("yyyy-MM-ddTHH:mm:ssZ");
        if (challenge.Error is not null) json["error"] = challenge.Error.DeepClone();
        return json;
    }

    static CaProblemException Failure(CaChallenge challenge, ValidationFault fault) =>
        new(fault.Type, $"Scripted for {challenge.Authorization.Identifier.Value}.", 403) { Subproblems = fault.Subproblems };

    static void RequireOwner(CaAuthorization authorization, CaCall call)
    {
        if (authorization.Account != call.RequiredAccount) throw new CaProblemException("unauthorized", "This is somebody else's authorization.", 403);
    }
}
