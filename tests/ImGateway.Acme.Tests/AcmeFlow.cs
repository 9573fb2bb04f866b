using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ImGateway.Testing;

namespace ImGateway.Acme.Tests;

/// <summary>A CA, an account at it, and an order from its beginning to the certificate.</summary>
sealed class AcmeFlow : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    AcmeFlow(ScriptableCa ca, AcmeServer server, AcmeKey key, AcmeAccount account)
    {
        Ca = ca;
        Server = server;
        Key = key;
        Account = account;
    }

    public ScriptableCa Ca { get; }

    public AcmeServer Server { get; }

    public AcmeKey Key { get; }

    public AcmeAccount Account { get; }

    public static async Task<AcmeFlow> StartAsync(ScriptableCaOptions? options = null, ExternalAccount? externalAccount = null)
    {
        var ca = await ScriptableCa.StartAsync(options ?? new ScriptableCaOptions { AlwaysValid = true });
        var server = await ConnectAsync(ca);
        var key = AcmeKey.Create();
        var request = new AccountRequest { TermsOfServiceAgreed = true, ExternalAccount = externalAccount };
        return new AcmeFlow(ca, server, key, await server.RegisterAsync(key, request));
    }

    public static Task<AcmeServer> ConnectAsync(ScriptableCa ca) =>
        AcmeServer.ConnectAsync(ca.Directory, new AcmeServerOptions { TrustedRoots = [ca.TrustedRoot], RequestTimeout = TimeSpan.FromSeconds(10) });

    public static OrderRequest Request(params string[] hosts) => new([.. hosts.Select(AcmeIdentifier.For)]);

    public static byte[] Csr(IEnumerable<string> hosts, ECDsa key, string subject = "")
    {
        var names = new SubjectAlternativeNameBuilder();
        foreach (var host in hosts)
        {
            if (System.Net.IPAddress.TryParse(host, out var address)) names.AddIpAddress(address);
            else names.AddDnsName(host);
        }

        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(names.Build());
        return request.CreateSigningRequest();
    }

    /// <summary>Orders, proves by the first challenge of this type, finalizes and downloads.</summary>
    public async Task<CertificateChains> IssueAsync(OrderRequest request, string challengeType = "http-01", Action<string>? present = null)
    {
        var order = await AuthorizeAsync(await Account.CreateOrderAsync(request), challengeType, present);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await Account.FinalizeAsync(order, Csr(request.Identifiers.Select(identifier => identifier.Value), key));
        return await Account.DownloadAsync(await Account.WaitForOrderAsync(order.Location, OrderStatus.Valid, Patience));
    }

    public async Task<Order> AuthorizeAsync(Order order, string challengeType = "http-01", Action<string>? present = null)
    {
        foreach (var url in order.Authorizations)
        {
            var authorization = await Account.GetAuthorizationAsync(url);
            if (authorization.Status == AuthorizationStatus.Valid) continue;
            var challenge = authorization.Challenges.Single(challenge => challenge.Type == challengeType);
            present?.Invoke(challenge.Token!);
            await Account.AcceptChallengeAsync(challenge);
            await Account.WaitForAuthorizationAsync(url, Patience);
        }

        return await Account.WaitForOrderAsync(order.Location, OrderStatus.Ready, Patience);
    }

    public async ValueTask DisposeAsync()
    {
        Server.Dispose();
        Key.Dispose();
        await Ca.DisposeAsync();
    }
}
