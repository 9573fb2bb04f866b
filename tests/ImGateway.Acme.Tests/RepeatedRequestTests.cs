using System.Security.Cryptography;
using ImGateway.Testing;

namespace ImGateway.Acme.Tests;

/// <summary>A request whose response was lost is sent again, and finds its work done.</summary>
public sealed class RepeatedRequestTests
{
    const string Host = "im.example.com";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_challenge_that_is_accepted_already_counts_as_accepted(bool refused)
    {
        await using var flow = await AcmeFlow.StartAsync(new ScriptableCaOptions { AlwaysValid = true, RefusesSecondAcceptance = refused });
        var order = await flow.Account.CreateOrderAsync(AcmeFlow.Request(Host));
        var authorization = await flow.Account.GetAuthorizationAsync(Assert.Single(order.Authorizations));
        var challenge = authorization.Challenges[0];
        await flow.Account.AcceptChallengeAsync(challenge);

        await flow.Account.AcceptChallengeAsync(challenge);

        Assert.Equal([200, refused ? 409 : 200], flow.Ca.Recorded.Where(request => request.Operation == CaOperation.Challenge).Select(request => request.Status));
        Assert.Equal(AuthorizationStatus.Valid, (await flow.Account.WaitForAuthorizationAsync(authorization.Location, AcmeFlow.Patience)).Status);
    }

    [Fact]
    public async Task Another_problem_of_a_challenge_is_still_a_failure()
    {
        await using var flow = await AcmeFlow.StartAsync();
        var order = await flow.Account.CreateOrderAsync(AcmeFlow.Request(Host));
        var authorization = await flow.Account.GetAuthorizationAsync(Assert.Single(order.Authorizations));
        flow.Ca.Fail(CaOperation.Challenge, CaFault.Problem("malformed", 400));

        var failure = await Assert.ThrowsAsync<AcmeException>(() => flow.Account.AcceptChallengeAsync(authorization.Challenges[0]));

        Assert.Equal("malformed", failure.Problem?.Type);
    }

    [Fact]
    public async Task An_order_that_is_finalized_already_is_the_order()
    {
        await using var flow = await AcmeFlow.StartAsync();
        var order = await flow.AuthorizeAsync(await flow.Account.CreateOrderAsync(AcmeFlow.Request(Host)));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var csr = AcmeFlow.Csr([Host], key);
        flow.Ca.Fail(CaOperation.Finalize, CaFault.Processing(polls: 1));
        await flow.Account.FinalizeAsync(order, csr);

        var again = await flow.Account.FinalizeAsync(order, csr);

        Assert.Equal(OrderStatus.Valid, (await flow.Account.WaitForOrderAsync(again.Location, OrderStatus.Valid, AcmeFlow.Patience)).Status);
        Assert.Equal(1, flow.Ca.CertificatesIssued);
    }

    [Fact]
    public async Task An_order_that_is_finalized_too_early_is_refused()
    {
        await using var flow = await AcmeFlow.StartAsync();
        var order = await flow.Account.CreateOrderAsync(AcmeFlow.Request(Host));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        var failure = await Assert.ThrowsAsync<AcmeException>(() => flow.Account.FinalizeAsync(order, AcmeFlow.Csr([Host], key)));

        Assert.Equal("orderNotReady", failure.Problem?.Type);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("[]")]
    [InlineData("7")]
    public async Task An_order_may_list_no_authorizations(string? listed)
    {
        await using var flow = await AcmeFlow.StartAsync();
        flow.Ca.Fail(CaOperation.NewOrder, CaFault.Rewrite(order =>
        {
            order.Remove("authorizations");
            if (listed is not null) order["authorizations"] = System.Text.Json.Nodes.JsonNode.Parse(listed);
        }));

        var order = await flow.Account.CreateOrderAsync(AcmeFlow.Request(Host));

        Assert.Empty(order.Authorizations);
    }

    [Fact]
    public async Task A_valid_authorization_may_list_no_challenges()
    {
        await using var flow = await AcmeFlow.StartAsync();
        var order = await flow.AuthorizeAsync(await flow.Account.CreateOrderAsync(AcmeFlow.Request(Host)));
        flow.Ca.Fail(CaOperation.Authorization, CaFault.Rewrite(authorization => authorization.Remove("challenges")));

        Assert.Equal(AuthorizationStatus.Valid, (await flow.Account.GetAuthorizationAsync(order.Authorizations[0])).Status);
    }
}
