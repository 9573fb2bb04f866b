using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ImGateway.Testing;

/// <summary>newAccount, account and keyChange (RFC 8555 §7.3).</summary>
sealed class CaAccounts(CaState state)
{
    public CaAnswer Create(CaCall call)
    {
        var payload = call.RequiredPayload;
        var key = call.Key!;
        if (state.Accounts.Values.SingleOrDefault(account => account.Key == key) is { } known)
        {
            return known.Status == "valid" ? Answer(known, 200) : throw new CaProblemException("unauthorized", $"The account is {known.Status}.", 401);
        }

        if (IsTrue(payload, "onlyReturnExisting")) throw new CaProblemException("accountDoesNotExist", "No account has this key.");
        if (state.Options.TermsOfService is { } terms && !IsTrue(payload, "termsOfServiceAgreed"))
        {
            throw new CaProblemException("userActionRequired", $"The terms of service must be agreed to: {terms}", 403);
        }

        if (state.Options.ExternalAccounts.Count > 0) RequireExternalAccount(payload, key, call.Url);
        var account = new CaAccount(state.NextId(), key) { Contacts = Contacts(payload) ?? [] };
        state.Accounts[account.Id] = account;
        return Answer(account, 201);
    }

    public CaAnswer Show(CaCall call)
    {
        var account = call.RequiredAccount;
        if (call.Id != account.Id) throw new CaProblemException("unauthorized", "This is somebody else's account.", 401);
        if (call.Action == "orders")
        {
            var urls = state.Orders.Values.Where(order => order.Account == account).Select(order => (JsonNode)state.Url($"order/{order.Id}"));
            return CaAnswer.Of(new JsonObject { ["orders"] = new JsonArray([.. urls]) });
        }

        if (call.Payload is { } payload)
        {
            if (Contacts(payload) is { } contacts) account.Contacts = contacts;
            if (payload.TryGetProperty("status", out var status))
            {
                account.Status = status.GetString() == "deactivated" ? "deactivated" : throw CaProblemException.Malformed("deactivated is the only change.");
            }
        }

        return Answer(account, 200) with { Location = null };
    }

    /// <summary>The outer message is signed by the old key, the inner one by the new (RFC 8555 §7.3.5).</summary>
    public CaAnswer ChangeKey(CaCall call)
    {
        var account = call.RequiredAccount;
        var inner = Jws.Parse(call.RequiredPayload);
        var newKey = Jwk.Parse(inner.Key ?? throw CaProblemException.Malformed("The inner message has no jwk."));
        inner.RequireSignatureOf(newKey);
        inner.RequireUrl(call.Url);
        if (inner.Nonce is not null) throw CaProblemException.Malformed("The inner message has a nonce.");
        var payload = inner.Payload ?? throw CaProblemException.Malformed("The inner message has no payload.");
        if (payload.GetProperty("account").GetString() != state.Url($"account/{account.Id}")) throw CaProblemException.Malformed("Another account is named.");
        if (Jwk.Parse(payload.GetProperty("oldKey")) != account.Key) throw CaProblemException.Malformed("oldKey is not the account's key.");
        if (state.Accounts.Values.SingleOrDefault(other => other.Key == newKey) is { } taken)
        {
            throw new CaProblemException("malformed", "The new key belongs to an account.", 409) { Location = state.Url($"account/{taken.Id}") };
        }

        account.Key = newKey;
        return Answer(account, 200) with { Location = null };
    }

    void RequireExternalAccount(JsonElement payload, Jwk key, string url)
    {
        if (!payload.TryGetProperty("externalAccountBinding", out var json))
        {
            throw new CaProblemException("externalAccountRequired", "An external account is required.", 403);
        }

        var binding = Jws.Parse(json);
        binding.RequireUrl(url);
        if (binding.Algorithm != "HS256" || binding.Nonce is not null) throw CaProblemException.Malformed("The binding is signed with HS256 and has no nonce.");
        if (binding.KeyId is not { } id || !state.Options.ExternalAccounts.TryGetValue(id, out var secret))
        {
            throw new CaProblemException("unauthorized", "The external account is not known.", 403);
        }

        if (!CryptographicOperations.FixedTimeEquals(HMACSHA256.HashData(secret, binding.SigningInput), binding.Signature))
        {
            throw new CaProblemException("unauthorized", "The binding's signature is wrong.", 403);
        }

        if (binding.Payload is not { } bound || Jwk.Parse(bound) != key) throw CaProblemException.Malformed("The binding is for another key.");
    }

    CaAnswer Answer(CaAccount account, int status) => CaAnswer.Of(
        new JsonObject
        {
            ["status"] = account.Status,
            ["contact"] = new JsonArray([.. account.Contacts.Select(contact => (JsonNode)contact)]),
            ["orders"] = state.Url($"account/{account.Id}/orders"),
        },
        status) with { Location = state.Url($"account/{account.Id}") };

    static IReadOnlyList<string>? Contacts(JsonElement payload)
    {
        if (!payload.TryGetProperty("contact", out var json)) return null;
        var contacts = json.EnumerateArray().Select(contact => contact.GetString()!).ToList();
        return contacts.Find(contact => !contact.StartsWith("mailto:", StringComparison.Ordinal)) is { } other
            ? throw new CaProblemException("unsupportedContact", $"Only mailto: is supported, not {other}")
            : contacts.Exists(contact => !contact.Contains('@', StringComparison.Ordinal))
                ? throw new CaProblemException("invalidContact", "A contact has no @.")
                : contacts;
    }

    static bool IsTrue(JsonElement payload, string name) => payload.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;
}
