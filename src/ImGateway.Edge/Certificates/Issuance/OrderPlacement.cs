using ImGateway.Acme;
using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Certificates.Store;

namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>Places orders at a CA, and resumes those interrupted by a crash.</summary>
sealed class OrderPlacement(AcmeAccounts accounts)
{
    /// <summary>Null if the order can no longer succeed. Its authorizations may expire before the order does.</summary>
    /// <exception cref="AcmeException">The CA cannot be reached now.</exception>
    public static async Task<Order?> ResumeAsync(AcmeAccount account, PendingOrder pending, IssueRequest request, CancellationToken cancellationToken)
    {
        try
        {
            var order = await account.GetOrderAsync(pending.Order, cancellationToken);
            if (order.Identifiers is not [var only] || only != AcmeIdentifier.For(request.Host.Value)) return null;
            if (pending.Counts) request.Resumes();
            if (order.Status is OrderStatus.Ready or OrderStatus.Processing or OrderStatus.Valid) return order;
            foreach (var location in order.Authorizations)
            {
                var status = (await account.GetAuthorizationAsync(location, cancellationToken)).Status;
                // The CA validated while the edge was down. Counted, so that a crash loop exhausts the budget and not the CA's limit.
                if (status is AuthorizationStatus.Invalid) await request.AuthorizationFailed();
                if (status is not (AuthorizationStatus.Pending or AuthorizationStatus.Valid)) return null;
            }

            return order.Status is OrderStatus.Pending ? order : null;
        }
        catch (AcmeException e) when (!e.IsTransient)
        {
            return null;
        }
    }

    /// <summary>Places an order. If the CA no longer knows the account or has deactivated it, registers a new one first.</summary>
    /// <returns>The account that placed the order, the order, and whether it counts in the budget.</returns>
    public async Task<(AcmeAccount Account, Order Order, bool Counts)> CreateAsync(
        AcmeServer server, AcmeAccount known, IssueRequest request, ProfileChoice profile, CancellationToken cancellationToken)
    {
        var replaces = Replaces(server, request);
        var account = known;
        var counts = await request.BeginOrder(replaces is not null);
        while (true)
        {
            try
            {
                var order = new OrderRequest([AcmeIdentifier.For(request.Host.Value)]) { Profile = profile.Asked, Replaces = replaces };
                return (account, await account.CreateOrderAsync(order, cancellationToken), counts);
            }
            catch (AcmeException e) when (e.Problem?.Type == "invalidProfile" && profile.TryLeaveOut())
            {
                counts = await request.BeginOrder(replaces is not null);
            }
            catch (AcmeException e) when (replaces is not null && MayBeRefusalOfReplaces(e))
            {
                // A CA that rejects "replaces" gets the order without it (RFC 9773 §5). The problem type differs: Pebble answers serverInternal
                // for a certificate that it does not know.
                replaces = null;
                counts = await request.BeginOrder(false);
            }
            catch (AcmeException e) when (account == known && !request.Staging && e.Problem?.Type is "accountDoesNotExist" or "unauthorized")
            {
                if (await IsLostAsync(account, e, cancellationToken) is not { } newKey) throw;
                account = await accounts.ReplaceAsync(server, account, newKey, cancellationToken);
            }
        }
    }

    /// <summary>Any problem of the CA, except those that concern every order of the account, or the profile.</summary>
    static bool MayBeRefusalOfReplaces(AcmeException e) => e.Problem is { Status: not 429 } problem
        && problem.Type is not ("rateLimited" or "invalidProfile" or "accountDoesNotExist" or "userActionRequired" or "externalAccountRequired");

    /// <summary>Whether a new account needs a new key (RFC 8555 §7.3.6); null if the account is valid.</summary>
    static async Task<bool?> IsLostAsync(AcmeAccount account, AcmeException e, CancellationToken cancellationToken)
    {
        if (e.Problem?.Type == "accountDoesNotExist") return false;
        if (e.Problem?.Type != "unauthorized") return null;
        try
        {
            return (await account.GetAsync(cancellationToken)).Status is AccountStatus.Deactivated or AccountStatus.Revoked ? true : null;
        }
        catch (AcmeException asked)
        {
            return asked.Problem?.Type switch { "unauthorized" => true, "accountDoesNotExist" => false, _ => null };
        }
    }

    /// <summary>The certificate to replace, if this CA has issued it and supports ARI (RFC 9773 §5).</summary>
    string? Replaces(AcmeServer server, IssueRequest request) =>
        server.Directory.RenewalInfo is not null && request.Current is { Source: HostCertificate.Acme } current && current.Origin == server.DirectoryUri.AbsoluteUri
            ? CertificateId.Of(current.Credential.Leaf)
            : null;
}
