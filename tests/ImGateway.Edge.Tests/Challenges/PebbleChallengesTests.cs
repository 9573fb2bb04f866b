using ImGateway.Acme;
using ImGateway.Edge.Challenges;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tests.Proxying;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Challenges;

/// <summary>A CA that is not ours is satisfied.</summary>
public sealed class PebbleChallengesTests
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData("http-01", "gateway.test")]
    [InlineData("http-01", "127.0.0.1")]
    [InlineData("tls-alpn-01", "gateway.test")]
    [InlineData("tls-alpn-01", "127.0.0.1")]
    public async Task A_CA_accepts_the_answer(string type, string host)
    {
        var cancellation = TestContext.Current.CancellationToken;
        await using var edge = await ProxyHost.StartAsync(ProxyHost.Options(new Uri("http://127.0.0.1:9")));
        await using var pebble = await Pebble.StartAsync(new PebbleOptions { HttpPort = edge.Plain.Port, TlsPort = edge.Tls.Port });
        using var server = await AcmeServer.ConnectAsync(pebble.Directory, new AcmeServerOptions { TrustedRoots = pebble.HttpsRoots }, cancellation);
        using var key = AcmeKey.Create();
        var account = await server.RegisterAsync(key, new AccountRequest { TermsOfServiceAgreed = true }, cancellation);
        var order = await account.CreateOrderAsync(new OrderRequest([AcmeIdentifier.For(host)]), cancellation);
        var authorization = await account.GetAuthorizationAsync(order.Authorizations.Single(), cancellation);
        var challenge = authorization.Challenges.Single(offered => offered.Type == type);
        var offer = new ChallengeData(
            HostName.Parse(host), challenge.Token!, account.KeyAuthorization(challenge.Token!), account.TlsAlpnDigest(challenge.Token!), account.DnsTxtValue(challenge.Token!));

        await using (await edge.Challenges.Single(responder => responder.Type == type).PresentAsync(offer, cancellation))
        {
            await account.AcceptChallengeAsync(challenge, cancellation);
            authorization = await account.WaitForAuthorizationAsync(authorization.Location, Patience, cancellation);
        }

        Assert.Equal(AuthorizationStatus.Valid, authorization.Status);
        Assert.Equal(type, authorization.Challenges.Single(tried => tried.Status == ChallengeStatus.Valid).Type);
    }
}
