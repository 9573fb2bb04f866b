using System.Text.Json.Nodes;
using ImGateway.Testing;
using Microsoft.Extensions.Time.Testing;

namespace ImGateway.Acme.Tests;

public sealed class AcmeTransportTests
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    static readonly AccountRequest Registration = new() { TermsOfServiceAgreed = true };
    static readonly OrderRequest Order = new([AcmeIdentifier.Dns("a.test")]);

    [Fact]
    public async Task An_HTML_page_without_nonce_is_a_passing_failure_that_names_operation_and_host()
    {
        var e = await OrderFailsAsync(CaFault.Html(502));
        Assert.Equal(("newOrder", "127.0.0.1", true), (e.Operation, e.Host, e.IsTransient));
        Assert.Null(e.Problem);
        Assert.StartsWith("newOrder at 127.0.0.1: ", e.Message, StringComparison.Ordinal);
        Assert.Contains("502", e.Message, StringComparison.Ordinal);
        Assert.Contains("text/html", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("120", 120)]
    [InlineData("99999999999999999999", 86400)]
    [InlineData("Wed, 21 Oct 2099 07:28:00 GMT", 86400)]
    [InlineData("Wed, 21 Oct 2015 07:28:00 GMT", 0)]
    [InlineData("soon", null)]
    [InlineData("-5", null)]
    public async Task A_rate_limit_says_when_to_try_again_and_no_CA_can_say_never(string retryAfter, int? seconds)
    {
        var e = await OrderFailsAsync(CaFault.RateLimited(retryAfter, "slow down"));
        Assert.True(e.IsTransient);
        Assert.Equal("rateLimited", e.Problem?.Type);
        Assert.Equal(seconds, e.RetryAfter?.TotalSeconds);
        Assert.Contains("rateLimited: slow down", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_date_to_try_again_at_is_measured_on_the_clock_of_the_CA()
    {
        // The clock of the client is decades behind.
        var e = await OrderFailsAsync(CaFault.RateLimitedUntil(TimeProvider.System.GetUtcNow().AddMinutes(10)), new FakeTimeProvider(DateTimeOffset.UnixEpoch));
        Assert.InRange(e.RetryAfter!.Value.TotalMinutes, 9.5, 10.5);
    }

    [Fact]
    public async Task Subproblems_and_details_are_kept_in_one_clean_line()
    {
        var e = await OrderFailsAsync(CaFault.Respond(403, "application/problem+json",
            """
            {"type":"urn:ietf:params:acme:error:compound","detail":"two\r\nlines \u001b[31mred\u202e","status":403,"subproblems":[
              {"type":"urn:ietf:params:acme:error:rejectedIdentifier","detail":"no","identifier":{"type":"dns","value":"a.test"}},7,{}]}
            """));
        Assert.False(e.IsTransient);
        Assert.Equal(2, e.Problem!.Subproblems.Count);
        Assert.Equal(AcmeIdentifier.Dns("a.test"), e.Problem.Subproblems[0].Identifier);
        Assert.DoesNotContain(e.Message, char.IsControl);
        Assert.DoesNotContain('\u202e', e.Message);
        Assert.Contains("a.test: rejectedIdentifier: no", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("""{"status":7,"identifiers":[],"authorizations":[],"finalize":"https://a.test/"}""")]
    [InlineData("""{"status":"pending","identifiers":{},"authorizations":[],"finalize":"https://a.test/"}""")]
    [InlineData("""{"status":"pending","identifiers":[],"authorizations":["http://a.test/"],"finalize":"https://a.test/"}""")]
    [InlineData("""{"status":"pending","identifiers":[],"authorizations":[],"finalize":"file:///etc/passwd"}""")]
    [InlineData("""{"status":"pending","identifiers":[],"authorizations":[],"finalize":"\ud800"}""")]
    public async Task An_answer_that_is_no_order_is_a_clear_failure(string body)
    {
        var e = await OrderFailsAsync(CaFault.Respond(201, "application/json", body, location: "/order/1"));
        Assert.False(e.IsTransient);
        Assert.StartsWith("newOrder at 127.0.0.1: the CA's answer cannot be used: ", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_answer_without_end_is_cut_off(bool announced)
    {
        var e = await OrderFailsAsync(CaFault.Endless(announced));
        Assert.Contains("longer than 1048576 bytes", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_dropped_connection_is_a_passing_failure()
    {
        var e = await OrderFailsAsync(CaFault.DropBefore);
        Assert.True(e.IsTransient);
        Assert.Contains("cannot be reached", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_CA_that_does_not_answer_is_given_up_on_the_callers_clock()
    {
        var time = new FakeTimeProvider();
        await using var ca = await StartAsync();
        using var server = await ConnectAsync(ca, time);
        using var key = AcmeKey.Create();
        var account = await server.RegisterAsync(key, Registration);
        ca.Fail(CaOperation.NewOrder, CaFault.Hang);
        var failing = Assert.ThrowsAsync<AcmeException>(() => account.CreateOrderAsync(Order));
        await ca.WaitUntilAsync(ca => ca.FaultsLeft == 0, Patience);
        time.Advance(Patience + TimeSpan.FromSeconds(1));
        var e = await failing.WaitAsync(Patience);
        Assert.True(e.IsTransient);
        Assert.Contains("within 20 s", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_caller_that_gives_up_gets_a_cancellation_and_no_failure()
    {
        using var cancel = new CancellationTokenSource();
        await using var ca = await StartAsync();
        using var server = await ConnectAsync(ca);
        using var key = AcmeKey.Create();
        var account = await server.RegisterAsync(key, Registration);
        ca.Fail(CaOperation.NewOrder, CaFault.Hang);
        var ordering = account.CreateOrderAsync(Order, cancel.Token);
        await ca.WaitUntilAsync(ca => ca.FaultsLeft == 0, Patience);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ordering.WaitAsync(Patience));
    }

    [Fact]
    public async Task A_refused_nonce_is_replaced_by_that_of_the_refusal_and_not_for_ever()
    {
        List<string?> outcomes = [];
        await using var ca = await StartAsync();
        using var server = await AcmeServer.ConnectAsync(ca.Directory, Options(ca) with { OnRequest = outcome => outcomes.Add(outcome.Problem) });
        using var key = AcmeKey.Create();
        var account = await server.RegisterAsync(key, Registration);
        ca.Fail(CaOperation.NewOrder, [.. Enumerable.Repeat(CaFault.BadNonce, Protocol.AcmeTransport.MaxNonceAttempts + 1)]);
        var e = await Assert.ThrowsAsync<AcmeException>(() => account.CreateOrderAsync(Order));
        Assert.Equal("badNonce", e.Problem?.Type);
        Assert.Equal(1, ca.Recorded.Count(request => request.Operation == CaOperation.NewNonce));
        Assert.Equal(Protocol.AcmeTransport.MaxNonceAttempts, ca.Recorded.Count(request => request.Operation == CaOperation.NewOrder));
        Assert.Equal(Protocol.AcmeTransport.MaxNonceAttempts, outcomes.Count(problem => problem == "badNonce"));
    }

    [Fact]
    public async Task A_redirect_is_not_followed()
    {
        var e = await OrderFailsAsync(CaFault.Respond(302, "text/html", "", location: "https://127.0.0.1:1/"));
        Assert.Contains("302: redirects are not followed", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_CA_whose_own_certificate_is_not_trusted_is_not_talked_to()
    {
        await using var ca = await StartAsync();
        var e = await Assert.ThrowsAsync<AcmeException>(() => AcmeServer.ConnectAsync(ca.Directory, new AcmeServerOptions()));
        Assert.Equal(("directory", false), (e.Operation, e.IsTransient));
        Assert.Contains("not trusted", e.Message, StringComparison.Ordinal);
        Assert.Empty(ca.Recorded);
    }

    [Fact]
    public async Task A_directory_keeps_what_is_usable_and_the_clock_of_the_CA()
    {
        await using var ca = await StartAsync();
        ca.Fail(CaOperation.Directory, CaFault.Rewrite(directory =>
        {
            directory.Remove("keyChange");
            directory["later"] = new JsonObject { ["unknown"] = new JsonArray(1) };
            directory["meta"] = new JsonObject { ["profiles"] = new JsonObject { ["classic"] = "The usual\u001b[2J one", ["odd"] = 7 } };
        }));
        using var server = await ConnectAsync(ca);
        Assert.Equal("The usual [2J one", Assert.Single(server.Directory.Profiles).Value);
        Assert.Null(server.Directory.KeyChange);
        Assert.InRange((TimeProvider.System.GetUtcNow() - server.ServerDate!.Value).TotalMinutes, -1, 1);
        await Assert.ThrowsAsync<ArgumentException>(() => AcmeServer.ConnectAsync(new Uri("http://127.0.0.1/dir")));
    }

    /// <summary>An order of an account whose newOrder meets this fault.</summary>
    static async Task<AcmeException> OrderFailsAsync(CaFault fault, TimeProvider? time = null)
    {
        await using var ca = await StartAsync();
        using var server = await ConnectAsync(ca, time);
        using var key = AcmeKey.Create();
        var account = await server.RegisterAsync(key, Registration);
        ca.Fail(CaOperation.NewOrder, fault);
        return await Assert.ThrowsAsync<AcmeException>(() => account.CreateOrderAsync(Order));
    }

    static Task<ScriptableCa> StartAsync() => ScriptableCa.StartAsync(cancellationToken: TestContext.Current.CancellationToken);

    static Task<AcmeServer> ConnectAsync(ScriptableCa ca, TimeProvider? time = null) =>
        AcmeServer.ConnectAsync(ca.Directory, Options(ca) with { Time = time ?? TimeProvider.System });

    static AcmeServerOptions Options(ScriptableCa ca) => new() { TrustedRoots = [ca.TrustedRoot], RequestTimeout = Patience };
}
