using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ImGateway.Acme;
using ImGateway.Edge.Certificates.Audit;
using ImGateway.Edge.Certificates.Renewal;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Scheduling;
using ImGateway.Edge.Storage;

namespace ImGateway.Edge.Certificates.Issuance;

/// <summary><c>accounts/CA/account.pem</c>, the account's key, and <c>account.json</c>, where the CA keeps the account.</summary>
/// <param name="registrationLock">The lock for registrations, shared by all configurations.</param>
sealed class AcmeAccounts(EdgeOptions options, IStorage storage, CertificateAudit audit, AsyncLock registrationLock)
{
    static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    readonly string _folder = AcmePaths.Account(options);

    IReadOnlyList<string> Contacts => options.Acme.Email is { } email ? [$"mailto:{email}"] : [];

    string KeyKey => _folder + "/account.pem";

    string FactsKey => _folder + "/account.json";

    /// <summary>Returns the account at this CA; registers one if there is none.</summary>
    /// <exception cref="IssuanceException">The operator must act; the message has the remedy.</exception>
    public async Task<AcmeAccount> GetAsync(AcmeServer server, CancellationToken cancellationToken)
    {
        using (await registrationLock.AcquireAsync(cancellationToken))
        {
            var key = await ReadKeyAsync(cancellationToken);
            return key is not null && await ReadFactsAsync(cancellationToken) is { } facts && facts.Directory == server.DirectoryUri
                ? await UpdatedAsync(server.Account(key, facts.Url), facts, cancellationToken)
                : await RegisterAsync(server, key ?? AcmeKey.Create(), AuditActions.AccountRegistered, RenewalReasons.Missing, cancellationToken);
        }
    }

    /// <summary>Replaces an account that the CA no longer knows.</summary>
    /// <param name="lost">The account from <see cref="GetAsync"/>.</param>
    /// <param name="newKey">Whether a new key is needed, because the CA has deactivated the account of the old one.</param>
    public async Task<AcmeAccount> ReplaceAsync(AcmeServer server, AcmeAccount lost, bool newKey, CancellationToken cancellationToken)
    {
        using (await registrationLock.AcquireAsync(cancellationToken))
        {
            // Several hosts may notice at once; the first one has replaced the account.
            if (await ReadFactsAsync(cancellationToken) is { } facts && facts.Url != lost.Location && await ReadKeyAsync(cancellationToken) is { } current) return server.Account(current, facts.Url);
            return await RegisterAsync(server, newKey ? AcmeKey.Create() : lost.Key, AuditActions.AccountReplaced, newKey ? "deactivated" : "lost", cancellationToken);
        }
    }

    /// <summary>Registers a temporary account for a dry run, which is not stored.</summary>
    public async Task<AcmeAccount> RegisterTemporaryAsync(AcmeServer server, CancellationToken cancellationToken) =>
        await server.RegisterAsync(AcmeKey.Create(), Request(server, external: false), cancellationToken);

    async Task<AcmeAccount> RegisterAsync(AcmeServer server, AcmeKey key, string action, string why, CancellationToken cancellationToken)
    {
        var request = Request(server, external: true);
        // Store the key first: an account without its key is lost.
        await storage.WriteAsync(KeyKey, Encoding.ASCII.GetBytes(key.ToPem()), cancellationToken);
        var account = await server.RegisterAsync(key, request, cancellationToken);
        await KeepAsync(new AccountFacts(account.Location, request.Contacts, server.DirectoryUri), cancellationToken);
        await audit.AccountAsync(action, why, account.Location);
        return account;
    }

    /// <summary>Sends the configured contact if it has changed (RFC 8555 §7.3.2). If the CA rejects it, orders continue.</summary>
    async Task<AcmeAccount> UpdatedAsync(AcmeAccount account, AccountFacts facts, CancellationToken cancellationToken)
    {
        if (Contacts.SequenceEqual(facts.Contact ?? [], StringComparer.Ordinal)) return account;
        try
        {
            await account.UpdateContactsAsync(Contacts, cancellationToken);
            await KeepAsync(facts with { Contact = Contacts }, cancellationToken);
            await audit.AccountAsync(AuditActions.AccountUpdated, RenewalReasons.Manual, account.Location);
        }
        catch (AcmeException e)
        {
            // A lost or deactivated account is replaced by the next order, and the new one is registered with this contact.
            await audit.AccountUpdateFailedAsync(account.Location, SingleLine.Escape(IssuanceException.Of(e, mayHaveIssued: false).Message));
        }

        return account;
    }

    async Task KeepAsync(AccountFacts facts, CancellationToken cancellationToken) =>
        await storage.WriteAsync(FactsKey, JsonSerializer.SerializeToUtf8Bytes(facts, Json), cancellationToken);

    AccountRequest Request(AcmeServer server, bool external)
    {
        if (!options.Acme.AcceptTermsOfService)
        {
            throw new IssuanceException(
                $"{server.DirectoryUri.Host} wants its terms accepted; read {SingleLine.Escape(server.Directory.TermsOfService ?? "them")} and set Edge:Acme:AcceptTermsOfService to true");
        }

        var binding = external ? ExternalAccount() : null;
        if (external && binding is null && server.Directory.ExternalAccountRequired)
        {
            throw new IssuanceException(
                $"{server.DirectoryUri.Host} registers its customers only; set Edge:Acme:ExternalAccount:KeyId and HmacKeyFile to what it gave you");
        }

        return new AccountRequest
        {
            Contacts = Contacts,
            TermsOfServiceAgreed = true,
            ExternalAccount = binding,
        };
    }

    ExternalAccount? ExternalAccount()
    {
        if (options.Acme.ExternalAccount is not { KeyId: { } keyId, HmacKeyFile: { } path }) return null;
        try
        {
            return new ExternalAccount(keyId, Base64Url.DecodeFromChars(File.ReadAllText(path).Trim()));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IssuanceException($"Edge:Acme:ExternalAccount:HmacKeyFile: {path} cannot be read: {e.Message.TrimEnd('.')}; correct the path or its mode", e);
        }
        catch (FormatException)
        {
            // The text is a secret and must not be quoted.
            throw new IssuanceException($"Edge:Acme:ExternalAccount:HmacKeyFile: {path} is not base64url; write the HMAC key as the CA gave it");
        }
    }

    async Task<AcmeKey?> ReadKeyAsync(CancellationToken cancellationToken)
    {
        if (await storage.ReadAsync(KeyKey, cancellationToken) is not { } value) return null;
        try
        {
            return AcmeKey.FromPem(Encoding.UTF8.GetString(ByteOrderMark.Skip(value.Content)));
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            // Damaged: register a new account.
            return null;
        }
    }

    async Task<AccountFacts?> ReadFactsAsync(CancellationToken cancellationToken)
    {
        if (await storage.ReadAsync(FactsKey, cancellationToken) is not { } value) return null;
        try
        {
            return JsonSerializer.Deserialize<AccountFacts>(ByteOrderMark.Skip(value.Content), Json) is { Url.IsAbsoluteUri: true, Directory.IsAbsoluteUri: true } facts ? facts : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <param name="Contact">The contact; null if the file has none.</param>
    sealed record AccountFacts(Uri Url, IReadOnlyList<string>? Contact, Uri Directory);
}
