using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ImGateway.Acme;
using ImGateway.Edge.Certificates.Renewal;
using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Certificates.Store;
using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;

namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>One certificate from the configured CA, from the order to what can be served (RFC 8555 §7.4).</summary>
sealed partial class CertificateIssuer(
    EdgeOptions options, IStorage storage, AcmeConnection connection, AcmeAccounts accounts, Proofs proofs, TimeProvider time, ILogger<CertificateIssuer> logger)
{
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    readonly Orders _orders = new(accounts);
    readonly IssuedChain _chain = new(options, time, (host, warning) => ChainWarned(logger, host, OneLine.From(warning.Message)));

    /// <exception cref="IssuanceException">Why there is none, and what to do.</exception>
    public async Task<ServedCredential> IssueAsync(IssueRequest request, IProgress<string> progress, CancellationToken cancellationToken)
    {
        var (keep, host) = (!request.Staging, request.Host);
        // What was ordered counts until it is known to have come to nothing, and what was issued for good.
        var (ordered, issued) = (false, false);
        try
        {
            // 1. Storage that takes nothing would cost an order for nothing.
            if (keep) await StorageProbe.TryAsync(storage, cancellationToken);

            // 2. The CA, and the account there.
            using var server = keep ? await connection.OpenAsync(cancellationToken) : await connection.OpenStagingAsync(cancellationToken);
            progress.Report($"asking {server.DirectoryUri.Host}");
            var profile = new ProfileChoice(options.Acme.Profile, mayLeaveOut: request.IsLate);
            profile.Check(server);
            var account = keep ? await accounts.GetAsync(server, cancellationToken) : await accounts.CreateAsync(server, cancellationToken);

            // 3. An order that a crash has interrupted goes on with its key; else a new one, as long as there are ways to prove control.
            using var pending = keep ? await PendingOfAsync(request, cancellationToken) : null;
            using var key = pending?.Key ?? KeyFor(request);
            ordered = pending is not null;
            var order = pending is null ? null : await Orders.ResumeAsync(account, pending, request, cancellationToken);
            ordered = order is not null;
            (account, order) = await IssuedAsync(server, account, order, request, profile, key, progress, () => ordered = true, cancellationToken);
            issued = true;

            // 4. The chain that clients are to see.
            progress.Report("fetching the certificate");
            var chains = await account.DownloadAsync(order, cancellationToken);
            var (pem, found) = chains.Select(options.Acme.PreferredChain);
            if (!found) NoSuchChain(host, options.Acme.PreferredChain!, OneLine.From(string.Join(", ", chains.Issuers)));

            // 5. Nothing is served because a CA says so.
            var credential = new ServedCredential(_chain.Check(pem, key, host, server.DirectoryUri.Host), ServedCredential.Acme, server.DirectoryUri.AbsoluteUri)
            {
                WithoutProfile = profile.LeftOut,
            };
            if (profile.LeftOut is { } left) LeftProfileOut(host, server.DirectoryUri.Host, OneLine.Quote(left), credential.Credential.SerialNumber);
            if (credential.NamesBeside(host) is { } others) NotOrdered(host, credential.Credential.SerialNumber, others);
            return credential;
        }
        catch (AcmeException e)
        {
            // A passing trouble leaves the order as it is; anything else is its end.
            if (keep && !e.IsTransient) await request.Pending.RemoveAsync(cancellationToken);
            throw IssuanceErrors.Explain(e, mayHaveIssued: issued || (ordered && e.IsTransient));
        }
        catch (IssuanceException e) when (keep && e.MayHaveIssued)
        {
            // Issued, but of no use: the same again would be, too.
            await request.Pending.RemoveAsync(cancellationToken);
            throw;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IssuanceException($"{options.DataDirectory}: cannot be written: {e.Message.TrimEnd('.')}; see to its space and its owner", e);
        }
    }

    /// <summary>When the CA would like a certificate to be renewed; null where it does not say.</summary>
    public async Task<RenewalWindow?> AskRenewalInfoAsync(X509Certificate2 certificate, CancellationToken cancellationToken)
    {
        using var server = await connection.OpenAsync(cancellationToken);
        return await server.GetRenewalInfoAsync(certificate, cancellationToken) is { } info
            ? new RenewalWindow(info.WindowStart, info.WindowEnd, info.Explanation, info.RetryAfter)
            : null;
    }

    /// <summary>By the account that ordered it, else by its own key, which proves as much (RFC 8555 §7.6).</summary>
    /// <exception cref="IssuanceException">The CA has not revoked it.</exception>
    public async Task RevokeAsync(X509Certificate2 certificate, RevocationReason reason, CancellationToken cancellationToken)
    {
        try
        {
            using var server = await connection.OpenAsync(cancellationToken);
            var account = await accounts.GetAsync(server, cancellationToken);
            try
            {
                await account.RevokeAsync(certificate, reason, cancellationToken);
            }
            catch (AcmeException e) when (e.Problem?.Type is "unauthorized" or "accountDoesNotExist" && certificate.HasPrivateKey)
            {
                using var rsa = certificate.GetRSAPrivateKey();
                using var ecdsa = certificate.GetECDsaPrivateKey();
                using var key = rsa is not null ? AcmeKey.From(rsa) : AcmeKey.From(ecdsa!);
                await server.RevokeAsync(certificate, key, reason, cancellationToken);
            }
        }
        catch (AcmeException e) when (e.Problem?.Type == "alreadyRevoked")
        {
            // As it was meant to be.
        }
        catch (AcmeException e)
        {
            throw IssuanceErrors.Explain(e, mayHaveIssued: false);
        }
    }

    /// <summary>
    /// An order whose certificate is issued. A failed proof ends its order, so each further way to prove names takes a new one; and so does one of
    /// before that the CA has lost or given up.
    /// </summary>
    async Task<(AcmeAccount Account, Order Order)> IssuedAsync(
        AcmeServer server, AcmeAccount account, Order? order, IssueRequest request, ProfileChoice profile, AsymmetricAlgorithm key,
        IProgress<string> progress, Action onOrdered, CancellationToken cancellationToken)
    {
        HashSet<string> failed = [];
        ProofFailedException? last = null;
        var isResumed = order is not null;
        while (true)
        {
            if (order is null)
            {
                isResumed = false;
                progress.Report("ordering");
                try
                {
                    (account, order) = await _orders.CreateAsync(server, account, request, profile, cancellationToken);
                }
                catch (IssuanceException) when (last is not null)
                {
                    // No budget for a second way: the first one's failure says more.
                    throw IssuanceErrors.Explain(last.Cause, mayHaveIssued: false, last.Type);
                }

                onOrdered();
                if (!request.Staging) await request.Pending.WriteAsync(order.Location, key, request.Revoked, cancellationToken);
            }

            try
            {
                if (order.Status == OrderStatus.Pending)
                {
                    foreach (var authorization in order.Authorizations) await proofs.ProveAsync(account, authorization, request.Host, failed, progress, cancellationToken);
                    order = await account.WaitForOrderAsync(order.Location, OrderStatus.Ready, Patience, cancellationToken);
                }

                return (account, await FinishedAsync(account, order, request.Host, key, progress, cancellationToken));
            }
            catch (AcmeException e) when (isResumed && !e.IsTransient)
            {
                await request.Pending.RemoveAsync(cancellationToken);
                progress.Report($"the order of before has come to nothing: {OneLine.From(e.Message)}");
                order = null;
            }
            catch (IssuanceException) when (!request.Staging)
            {
                // The same order would ask for the same again, for as long as it lives: tokens that are none, types that are not offered.
                await request.Pending.RemoveAsync(cancellationToken);
                throw;
            }
            catch (ProofFailedException e)
            {
                await request.AuthorizationFailed();
                if (!request.Staging) await request.Pending.RemoveAsync(cancellationToken);
                progress.Report($"{e.Type} failed: {e.Message}");
                failed.Add(e.Type);
                (last, order) = (e, null);
                if (!proofs.HasOther(request.Host, failed)) throw IssuanceErrors.Explain(e.Cause, mayHaveIssued: false, e.Type);
            }
        }
    }

    /// <summary>The request to sign holds the name alone; what it asks for may be had later too, since key and order are saved.</summary>
    static async Task<Order> FinishedAsync(
        AcmeAccount account, Order order, HostName host, AsymmetricAlgorithm key, IProgress<string> progress, CancellationToken cancellationToken)
    {
        if (order.Status == OrderStatus.Valid) return order;
        progress.Report("asking for the certificate");
        if (order.Status == OrderStatus.Ready) order = await account.FinalizeAsync(order, SigningRequest.Create(host, key), cancellationToken);
        return await account.WaitForOrderAsync(order.Location, OrderStatus.Valid, Patience, cancellationToken);
    }

    static async Task<PendingOrder?> PendingOfAsync(IssueRequest request, CancellationToken cancellationToken)
    {
        var pending = await request.Pending.ReadAsync(cancellationToken);
        // What was ordered before the revocation does not satisfy it: whoever has the key that was revoked may have this one.
        if (pending is null || request.Revoked is null || pending.Revoked == request.Revoked) return pending;
        pending.Dispose();
        return null;
    }

    AsymmetricAlgorithm KeyFor(IssueRequest request)
    {
        if (!options.Certificates.ReuseKey || request.NewKey || request.Staging || request.Current is not { } current) return options.Certificates.KeyType.CreateKey();
        return current.Credential.Leaf.GetRSAPrivateKey() is { } rsa ? rsa : current.Credential.Leaf.GetECDsaPrivateKey()!;
    }

    [LoggerMessage(1, LogLevel.Warning, "{Host}: Edge:Acme:Profile: {Ca} has no profile {Profile} any more, and a third of the time to renew had gone, so certificate {Serial} was ordered without it; correct the profile, or remove it")]
    partial void LeftProfileOut(HostName host, string ca, string profile, string serial);

    [LoggerMessage(2, LogLevel.Warning, "{Host}: certificate {Serial} also covers {Names}, which was not ordered; it is served all the same. Ask the CA why")]
    partial void NotOrdered(HostName host, string serial, string names);

    [LoggerMessage(3, LogLevel.Warning, "{Host}: in what the CA has delivered {What}")]
    static partial void ChainWarned(ILogger logger, HostName host, string what);

    [LoggerMessage(4, LogLevel.Warning, "{Host}: Edge:Acme:PreferredChain: no chain is issued by {Preferred}; the CA offers: {Issuers}. Its own choice is served")]
    partial void NoSuchChain(HostName host, string preferred, string issuers);
}
