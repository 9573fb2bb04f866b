using System.Security.Cryptography.X509Certificates;
using ImGateway.Testing;

namespace ImGateway.Acme.Tests;

/// <summary>Each scripted fault, as the library meets it.</summary>
public sealed class ScriptableCaFaultTests
{
    static readonly OrderRequest Request = AcmeFlow.Request("im.example.com");

    [Fact]
    public async Task Bad_nonces_and_passing_failures_while_polling_do_not_end_an_issuance()
    {
        await using var flow = await AcmeFlow.StartAsync();
        flow.Ca.Fail(CaOperation.NewOrder, CaFault.BadNonce, CaFault.BadNonce);
        flow.Ca.Fail(CaOperation.Finalize, CaFault.Processing(polls: 2));
        flow.Ca.Fail(CaOperation.Order, CaFault.BadNonce, CaFault.Html(502));

        await flow.IssueAsync(Request);

        Assert.Equal((0, 1, 1), (flow.Ca.FaultsLeft, flow.Ca.OrdersCreated, flow.Ca.CertificatesIssued));
    }

    [Theory]
    [InlineData(CaOperation.NewOrder, 0)]
    [InlineData(CaOperation.Challenge, 1)]
    [InlineData(CaOperation.Finalize, 1)]
    public async Task A_connection_dropped_before_the_request_is_handled_is_transient(CaOperation operation, int orders)
    {
        await using var flow = await AcmeFlow.StartAsync();
        // As often as any client may reasonably try again by itself.
        flow.Ca.Fail(operation, [.. Enumerable.Repeat(CaFault.DropBefore, 10)]);

        var failure = await Assert.ThrowsAsync<AcmeException>(() => flow.IssueAsync(Request));

        Assert.True(failure.IsTransient);
        Assert.Equal((orders, 0), (flow.Ca.OrdersCreated, flow.Ca.CertificatesIssued));
        Assert.Contains(flow.Ca.Recorded, request => request.Operation == operation && request.Problem == "dropped");
    }

    [Fact]
    public async Task A_certificate_whose_order_was_answered_into_a_dropped_connection_can_still_be_had()
    {
        await using var flow = await AcmeFlow.StartAsync();
        var order = await flow.AuthorizeAsync(await flow.Account.CreateOrderAsync(Request));
        using var key = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        flow.Ca.Fail(CaOperation.Finalize, CaFault.DropAfter);

        await Assert.ThrowsAsync<AcmeException>(() => flow.Account.FinalizeAsync(order, AcmeFlow.Csr(["im.example.com"], key)));
        await flow.Account.DownloadAsync(await flow.Account.GetOrderAsync(order.Location));

        Assert.Equal(1, flow.Ca.CertificatesIssued);
    }

    [Fact]
    public async Task Rate_limits_name_the_time_in_seconds_or_as_a_date()
    {
        await using var flow = await AcmeFlow.StartAsync();
        flow.Ca.Fail(
            CaOperation.NewOrder, CaFault.RateLimited(TimeSpan.FromMinutes(7)), CaFault.RateLimitedUntil(TimeProvider.System.GetUtcNow().AddHours(1)));

        var seconds = await FailureAsync(flow);
        var date = await FailureAsync(flow);

        Assert.Equal(TimeSpan.FromMinutes(7), seconds.RetryAfter);
        Assert.InRange(date.RetryAfter!.Value, TimeSpan.FromMinutes(59), TimeSpan.FromHours(1));
    }

    [Fact]
    public async Task Problems_and_their_subproblems_arrive()
    {
        await using var flow = await AcmeFlow.StartAsync();
        flow.Ca.Fail(CaOperation.NewOrder, CaFault.Problem("rejectedIdentifier", 403, new CaSubproblem("caa", "im.example.com")), CaFault.AlreadyReplaced, CaFault.UserActionRequired);
        flow.Ca.Fail(CaOperation.Challenge, CaFault.Invalid("caa", new CaSubproblem("dns", "im.example.com")));

        var rejected = await FailureAsync(flow);
        Assert.Equal("caa", Assert.Single(rejected.Problem!.Subproblems).Type);
        Assert.Equal("alreadyReplaced", (await FailureAsync(flow)).Problem?.Type);
        Assert.Equal("userActionRequired", (await FailureAsync(flow)).Problem?.Type);
        var invalid = await FailureAsync(flow);
        Assert.Equal(("caa", 1), (invalid.Problem?.Type, invalid.Problem?.Subproblems.Count));
        Assert.Equal(1, flow.Ca.FailedValidations);
    }

    [Theory]
    [InlineData("../../etc/passwd")]
    [InlineData("a b")]
    [InlineData("token\r\nSet-Cookie: x=y")]
    [InlineData("")]
    public async Task Hostile_tokens_are_never_handed_on(string token)
    {
        await using var flow = await AcmeFlow.StartAsync();
        flow.Ca.Fail(CaOperation.NewOrder, CaFault.HostileToken(token), CaFault.HostileToken(new string('a', 5000)));
        for (var order = 0; order < 2; order++)
        {
            var created = await flow.Account.CreateOrderAsync(Request);
            var authorization = await flow.Account.GetAuthorizationAsync(created.Authorizations[0]);
            Assert.All(authorization.Challenges, challenge => Assert.Null(challenge.Token));
        }
    }

    [Fact]
    public async Task Unknown_challenges_and_statuses_are_tolerated()
    {
        await using var flow = await AcmeFlow.StartAsync();
        flow.Ca.Fail(CaOperation.NewOrder, CaFault.UnknownChallengeTypes);
        flow.Ca.Fail(CaOperation.Order, CaFault.UnknownStatus);

        var order = await flow.Account.CreateOrderAsync(Request);

        Assert.Equal("smoke-signal-01", Assert.Single((await flow.Account.GetAuthorizationAsync(order.Authorizations[0])).Challenges).Type);
        Assert.Equal(OrderStatus.Unknown, (await flow.Account.GetOrderAsync(order.Location)).Status);
    }

    [Fact]
    public async Task Wrong_certificates_and_chains_come_back_as_scripted()
    {
        await using var flow = await AcmeFlow.StartAsync();
        flow.Ca.Fail(CaOperation.Finalize, CaFault.OtherNames, CaFault.ExpiredCertificate, CaFault.OtherIssuer, CaFault.OtherKey);
        for (var issued = 0; issued < 4; issued++) await flow.IssueAsync(Request);
        var certificates = flow.Ca.Certificates;

        Assert.False(certificates[0].Leaf.MatchesHostname("im.example.com"));
        Assert.True(certificates[1].NotAfter < TimeProvider.System.GetUtcNow());
        Assert.Equal("CN=A stranger", certificates[2].Leaf.Issuer);
        flow.Ca.Fail(CaOperation.Certificate, CaFault.LeafOnly);
        var leafOnly = new X509Certificate2Collection();
        leafOnly.ImportFromPem((await flow.IssueAsync(Request)).Default);
        Assert.Single(leafOnly);
        flow.Ca.Fail(CaOperation.Certificate, CaFault.GarbagePem);
        await Assert.ThrowsAsync<AcmeException>(() => flow.IssueAsync(Request));
    }

    [Fact]
    public async Task Renewal_information_fails_in_every_way_but_one()
    {
        await using var flow = await AcmeFlow.StartAsync();
        await flow.IssueAsync(Request);
        flow.Ca.Fail(CaOperation.RenewalInfo, CaFault.Html(500), CaFault.Problem("malformed", 404), CaFault.Garbage);
        for (var asked = 0; asked < 3; asked++)
        {
            await Assert.ThrowsAsync<AcmeException>(() => flow.Server.GetRenewalInfoAsync(flow.Ca.Certificates[0].Leaf));
        }

        Assert.NotNull(await flow.Server.GetRenewalInfoAsync(flow.Ca.Certificates[0].Leaf));
    }

    [Fact]
    public async Task The_date_of_the_ca_may_be_wrong_and_the_ca_may_be_down()
    {
        await using var flow = await AcmeFlow.StartAsync();
        flow.Ca.ClockOffset = TimeSpan.FromDays(2);
        await flow.Account.GetAsync();
        Assert.InRange(flow.Server.ServerDate!.Value - TimeProvider.System.GetUtcNow(), TimeSpan.FromDays(1.9), TimeSpan.FromDays(2.1));

        flow.Ca.IsDown = true;
        Assert.True((await Assert.ThrowsAsync<AcmeException>(() => flow.Account.GetAsync())).IsTransient);
        flow.Ca.IsDown = false;
        await flow.Account.GetAsync();
    }

    [Fact]
    public async Task An_answer_that_never_comes_ends_with_the_time_of_the_request()
    {
        await using var flow = await AcmeFlow.StartAsync();
        using var impatient = await AcmeServer.ConnectAsync(
            flow.Ca.Directory, new AcmeServerOptions { TrustedRoots = [flow.Ca.TrustedRoot], RequestTimeout = TimeSpan.FromMilliseconds(500) });
        flow.Ca.Fail(CaOperation.RenewalInfo, [.. Enumerable.Repeat(CaFault.Hang, 10)]);
        await flow.IssueAsync(Request);

        var late = await Assert.ThrowsAsync<AcmeException>(() => impatient.GetRenewalInfoAsync(flow.Ca.Certificates[0].Leaf));

        Assert.True(late.IsTransient);
        await flow.Ca.WaitUntilAsync(
            ca => ca.Recorded.Any(request => request is { Operation: CaOperation.RenewalInfo, Hosts: ["im.example.com"] }), AcmeFlow.Patience);
    }

    static Task<AcmeException> FailureAsync(AcmeFlow flow) => Assert.ThrowsAsync<AcmeException>(() => flow.IssueAsync(Request));
}
