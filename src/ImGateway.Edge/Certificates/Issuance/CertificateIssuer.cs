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

/// <summary>Issues one certificate at the configured CA, from the order to a servable credential (RFC 8555 §7.4).</summary>
sealed partial class CertificateIssuer(
    EdgeOptions options, IStorage storage, AcmeServerFactory connection, AcmeAccounts accounts, ChallengeValidation validation, TimeProvider time, ILogger<CertificateIssuer> logger)
    : ICertificateAuthority
{
    static readonly TimeSpan OrderTimeout = TimeSpan.FromMinutes(5);

    readonly OrderPlacement _orders = new(accounts);
    readonly IssuedChainCheck _chain = new(options, time, (host, warning) => ChainWarned(logger, host, SingleLine.Escape(warning.Message)));

    /// <exception cref="IssuanceException">Issuance failed; the message has the reason and the remedy.</exception>
    public async Task<HostCertificate> IssueAsync(IssueRequest request, IProgress<string> progress, CancellationToken cancellationToken)
    {
        var (keep, host) = (!request.Staging, request.Host);
        // An order counts until it has failed for certain; an issued certificate counts permanently.
        var (ordered, issued) = (false, false);
        try
        {
            // 1. Check that the storage is writable, before an order is spent.
            if (keep) await StorageProbe.TryAsync(storage, cancellationToken);

            // 2. Connect to the CA and get the account.
            using var server = keep ? await connection.OpenAsync(cancellationToken) : await connection.OpenStagingAsync(cancellationToken);
            progress.Report($"asking {server.DirectoryUri.Host}");
            var profile = new ProfileChoice(options.Acme.Profile, mayLeaveOut: request.IsLate);
            profile.Check(server);
            var account = keep ? await accounts.GetAsync(server, cancellationToken) : await accounts.RegisterTemporaryAsync(server, cancellationToken);

            // 3. Resume an interrupted order with its key, or place new orders while there are challenge types to try.
            using var pending = keep ? await PendingOfAsync(request, cancellationToken) : null;
            using var key = pending?.Key ?? KeyFor(request);
            ordered = pending is not null;
            var order = pending is null ? null : await OrderPlacement.ResumeAsync(account, pending, request, cancellationToken);
            ordered = order is not null;
            (account, order) = await IssuedAsync(server, account, order, request, profile, key, progress, () => ordered = true, cancellationToken);
            issued = true;

            // 4. Select the chain.
            progress.Report("fetching the certificate");
            var chains = await account.DownloadAsync(order, cancellationToken);
            var (pem, found) = chains.Select(options.Acme.PreferredChain);
            if (!found) NoSuchChain(host, options.Acme.PreferredChain!, SingleLine.Escape(string.Join(", ", chains.Issuers)));

            // 5. Validate the certificate like a file.
            var certificate = new HostCertificate(_chain.Check(pem, key, host, server.DirectoryUri.Host), HostCertificate.Acme, server.DirectoryUri.AbsoluteUri)
            {
                WithoutProfile = profile.LeftOut,
            };
            if (profile.LeftOut is { } left) LeftProfileOut(host, server.DirectoryUri.Host, SingleLine.Quote(left), certificate.Credential.SerialNumber);
            if (certificate.OtherNames(host) is { } others) NotOrdered(host, certificate.Credential.SerialNumber, others);
            return certificate;
        }
        catch (AcmeException e)
        {
            // A temporary failure keeps the order; any other failure ends it.
            if (keep && !e.IsTransient) await request.Pending.RemoveAsync(cancellationToken);
            throw IssuanceException.Of(e, mayHaveIssued: issued || (ordered && e.IsTransient));
        }
        catch (IssuanceException e) when (keep && e.MayHaveIssued)
        {
            // Issued, but unusable: another download would be too.
            await request.Pending.RemoveAsync(cancellationToken);
            throw;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IssuanceException($"{options.DataDirectory}: cannot be written: {e.Message.TrimEnd('.')}; see to its space and its owner", e);
        }
    }

    /// <summary>Fetches the CA's renewal window; null if there is none.</summary>
    public async Task<RenewalWindow?> AskRenewalInfoAsync(X509Certificate2 certificate, CancellationToken cancellationToken)
    {
        using var server = await connection.OpenAsync(cancellationToken);
        return await server.GetRenewalInfoAsync(certificate, cancellationToken) is { } info
            ? new RenewalWindow(info.WindowStart, info.WindowEnd, info.Explanation, info.RetryAfter)
            : null;
    }

    /// <summary>Revokes with the account that ordered the certificate, or else with the certificate's own key (RFC 8555 §7.6).</summary>
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
            // Already revoked.
        }
        catch (AcmeException e)
        {
            throw IssuanceException.Of(e, mayHaveIssued: false);
        }
    }

    /// <summary>
    /// Returns an order whose certificate is issued. A failed challenge invalidates its order, so each further challenge type needs a new order; so does an order from
    /// before a crash that the CA has lost or invalidated.
    /// </summary>
    async Task<(AcmeAccount Account, Order Order)> IssuedAsync(
        AcmeServer server, AcmeAccount account, Order? order, IssueRequest request, ProfileChoice profile, AsymmetricAlgorithm key,
        IProgress<string> progress, Action onOrdered, CancellationToken cancellationToken)
    {
        HashSet<string> failed = [];
        ValidationFailedException? last = null;
        var isResumed = order is not null;
        while (true)
        {
            if (order is null)
            {
                isResumed = false;
                bool counts;
                progress.Report("ordering");
                try
                {
                    (account, order, counts) = await _orders.CreateAsync(server, account, request, profile, cancellationToken);
                }
                catch (IssuanceException) when (last is not null)
                {
                    // No budget for another challenge type: report the first failure, which is more useful.
                    throw IssuanceException.Of(last.Cause, mayHaveIssued: false, last.Type);
                }

                onOrdered();
                if (!request.Staging) await request.Pending.WriteAsync(order.Location, key, request.Revoked, counts, cancellationToken);
            }

            try
            {
                if (order.Status == OrderStatus.Pending)
                {
                    foreach (var authorization in order.Authorizations) await validation.ValidateAsync(account, authorization, request.Host, failed, progress, cancellationToken);
                    order = await account.WaitForOrderAsync(order.Location, OrderStatus.Ready, OrderTimeout, cancellationToken);
                }

                return (account, await FinishedAsync(account, order, request.Host, key, progress, cancellationToken));
            }
            catch (AcmeException e) when (isResumed && !e.IsTransient)
            {
                await request.Pending.RemoveAsync(cancellationToken);
                progress.Report($"the order of before has come to nothing: {SingleLine.Escape(e.Message)}");
                order = null;
            }
            catch (IssuanceException) when (!request.Staging)
            {
                // Another attempt with the same order would fail again: invalid tokens, no supported challenge type.
                await request.Pending.RemoveAsync(cancellationToken);
                throw;
            }
            catch (ValidationFailedException e)
            {
                await request.AuthorizationFailed();
                if (!request.Staging) await request.Pending.RemoveAsync(cancellationToken);
                progress.Report($"{e.Type} failed: {e.Message}");
                failed.Add(e.Type);
                (last, order) = (e, null);
                if (!validation.HasOther(request.Host, failed)) throw IssuanceException.Of(e.Cause, mayHaveIssued: false, e.Type);
            }
        }
    }

    /// <summary>Finalizes the order. If this is interrupted, the certificate can be fetched later, because order and key are stored.</summary>
    static async Task<Order> FinishedAsync(
        AcmeAccount account, Order order, HostName host, AsymmetricAlgorithm key, IProgress<string> progress, CancellationToken cancellationToken)
    {
        if (order.Status == OrderStatus.Valid) return order;
        progress.Report("asking for the certificate");
        if (order.Status == OrderStatus.Ready) order = await account.FinalizeAsync(order, SigningRequest.Create(host, key), cancellationToken);
        return await account.WaitForOrderAsync(order.Location, OrderStatus.Valid, OrderTimeout, cancellationToken);
    }

    static async Task<PendingOrder?> PendingOfAsync(IssueRequest request, CancellationToken cancellationToken)
    {
        var pending = await request.Pending.ReadAsync(cancellationToken);
        // An order from before the revocation is not used: its key may be compromised too.
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
