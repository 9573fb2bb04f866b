using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ImGateway.Acme;
using ImGateway.Edge.Certificates.Audit;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;

namespace ImGateway.Edge.Certificates.Issuance;

/// <summary><c>accounts/CA/account.pem</c>, the account's key, and <c>account.json</c>, where the CA keeps the account.</summary>
/// <param name="turn">Of all who register accounts, whatever their configuration.</param>
sealed class AcmeAccounts(EdgeOptions options, CertificateAudit audit, Turn turn)
{
    static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    readonly string _folder = AcmePaths.Account(options);

    IReadOnlyList<string> Contacts => options.Acme.Email is { } email ? [$"mailto:{email}"] : [];

    string KeyPath => Path.Combine(_folder, "account.pem");

    string FactsPath => Path.Combine(_folder, "account.json");

    /// <summary>The account at this CA; registered where there is none.</summary>
    /// <exception cref="IssuanceException">Something that an operator has to see to.</exception>
    public async Task<AcmeAccount> GetAsync(AcmeServer server, CancellationToken cancellationToken)
    {
        using (await turn.TakeAsync(cancellationToken))
        {
            var key = ReadKey();
            return key is not null && ReadFacts() is { } facts && facts.Directory == server.DirectoryUri
                ? await UpdatedAsync(server.Account(key, facts.Url), facts, cancellationToken)
                : await RegisterAsync(server, key ?? AcmeKey.Create(), AuditActions.AccountRegistered, RenewalReasons.Missing, cancellationToken);
        }
    }

    /// <summary>In place of one that the CA does not know any more.</summary>
    /// <param name="lost">As <see cref="GetAsync"/> gave it.</param>
    /// <param name="newKey">The CA has closed the account of the old one.</param>
    public async Task<AcmeAccount> ReplaceAsync(AcmeServer server, AcmeAccount lost, bool newKey, CancellationToken cancellationToken)
    {
        using (await turn.TakeAsync(cancellationToken))
        {
            // Several hosts notice at once; the first has replaced it already.
            if (ReadFacts() is { } facts && facts.Url != lost.Location && ReadKey() is { } current) return server.Account(current, facts.Url);
            return await RegisterAsync(server, newKey ? AcmeKey.Create() : lost.Key, AuditActions.AccountReplaced, newKey ? "deactivated" : "lost", cancellationToken);
        }
    }

    /// <summary>For a dry run: nothing of it is kept.</summary>
    public async Task<AcmeAccount> CreateAsync(AcmeServer server, CancellationToken cancellationToken) =>
        await server.RegisterAsync(AcmeKey.Create(), Request(server, external: false), cancellationToken);

    async Task<AcmeAccount> RegisterAsync(AcmeServer server, AcmeKey key, string action, string why, CancellationToken cancellationToken)
    {
        var request = Request(server, external: true);
        // The key first: an account whose key is lost cannot be used by anybody.
        DurableFile.CreatePrivateFolder(_folder);
        DurableFile.Write(KeyPath, Encoding.ASCII.GetBytes(key.ToPem()));
        var account = await server.RegisterAsync(key, request, cancellationToken);
        Keep(new AccountFacts(account.Location, request.Contacts, server.DirectoryUri));
        audit.Account(action, why, account.Location);
        return account;
    }

    /// <summary>With the contact that is configured now (RFC 8555 §7.3.2). What a CA says against that costs no certificate.</summary>
    async Task<AcmeAccount> UpdatedAsync(AcmeAccount account, AccountFacts facts, CancellationToken cancellationToken)
    {
        if (Contacts.SequenceEqual(facts.Contact ?? [], StringComparer.Ordinal)) return account;
        try
        {
            await account.UpdateContactsAsync(Contacts, cancellationToken);
            Keep(facts with { Contact = Contacts });
            audit.Account(AuditActions.AccountUpdated, RenewalReasons.Manual, account.Location);
        }
        catch (AcmeException e)
        {
            // An account that is lost or closed is replaced when it orders, and its successor is registered with this contact.
            audit.AccountUpdateFailed(account.Location, OneLine.From(IssuanceErrors.Explain(e, mayHaveIssued: false).Message));
        }

        return account;
    }

    void Keep(AccountFacts facts) => DurableFile.Write(FactsPath, JsonSerializer.SerializeToUtf8Bytes(facts, Json));

    AccountRequest Request(AcmeServer server, bool external)
    {
        if (!options.Acme.AcceptTermsOfService)
        {
            throw new IssuanceException(
                $"{server.DirectoryUri.Host} wants its terms accepted; read {OneLine.From(server.Directory.TermsOfService ?? "them")} and set Edge:Acme:AcceptTermsOfService to true");
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
            // The text is a secret: not repeated.
            throw new IssuanceException($"Edge:Acme:ExternalAccount:HmacKeyFile: {path} is not base64url; write the HMAC key as the CA gave it");
        }
    }

    AcmeKey? ReadKey()
    {
        if (!File.Exists(KeyPath)) return null;
        try
        {
            return AcmeKey.FromPem(File.ReadAllText(KeyPath));
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            // Nothing can be done with it: a new account costs nothing.
            return null;
        }
    }

    AccountFacts? ReadFacts()
    {
        try
        {
            return File.Exists(FactsPath) && JsonSerializer.Deserialize<AccountFacts>(ByteOrderMark.Skip(File.ReadAllBytes(FactsPath)), Json) is
                { Url.IsAbsoluteUri: true, Directory.IsAbsoluteUri: true } facts ? facts : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <param name="Contact">Null where the file has none.</param>
    sealed record AccountFacts(Uri Url, IReadOnlyList<string>? Contact, Uri Directory);
}
