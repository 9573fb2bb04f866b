using ImGateway.Edge.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;

namespace ImGateway.Acme.Tests;

public sealed class AcmeTransportTests
{
    static readonly OrderRequest Order = new([AcmeIdentifier.Dns("a.test")]);

    [Fact]
    public async Task An_HTML_page_without_nonce_is_a_passing_failure_that_names_operation_and_host()
    {
        var e = await OrderFailsAsync((_, context) =>
        {
            context.Response.StatusCode = 502;
            context.Response.ContentType = "text/html";
            return context.Response.WriteAsync("<html>Bad gateway</html>");
        });
        Assert.Equal(("newOrder", "127.0.0.1", true), (e.Operation, e.Host, e.IsTransient));
        Assert.Null(e.Problem);
        Assert.Equal("newOrder at 127.0.0.1: the CA answered 502 with 24 bytes of text/html", e.Message);
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
        var e = await OrderFailsAsync((ca, context) =>
        {
            context.Response.Headers.RetryAfter = retryAfter;
            return ca.AnswerAsync(context, 429, "application/problem+json", """{"type":"urn:ietf:params:acme:error:rateLimited","detail":"slow down"}""");
        });
        Assert.True(e.IsTransient);
        Assert.Equal("rateLimited", e.Problem?.Type);
        Assert.Equal(seconds, e.RetryAfter?.TotalSeconds);
        Assert.Contains("rateLimited: slow down", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_date_to_try_again_at_is_measured_on_the_clock_of_the_CA()
    {
        // Kestrel sets Date by a clock of its own: ours is years away.
        var e = await OrderFailsAsync(
            (ca, context) =>
            {
                context.Response.Headers.RetryAfter = TimeProvider.System.GetUtcNow().AddMinutes(10).ToString("r");
                return ca.AnswerAsync(context, 503, "application/problem+json", """{"type":"urn:ietf:params:acme:error:rateLimited"}""");
            },
            new FakeTimeProvider(DateTimeOffset.UnixEpoch));
        Assert.InRange(e.RetryAfter!.Value.TotalMinutes, 9.5, 10.5);
    }

    [Fact]
    public async Task Subproblems_and_details_are_kept_in_one_clean_line()
    {
        var e = await OrderFailsAsync((ca, context) => ca.AnswerAsync(context, 403, "application/problem+json",
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
        var e = await OrderFailsAsync((ca, context) =>
        {
            context.Response.Headers.Location = "/order/1";
            return ca.AnswerAsync(context, 201, "application/json", body);
        });
        Assert.False(e.IsTransient);
        Assert.StartsWith("newOrder at 127.0.0.1: the CA's answer cannot be used: ", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_answer_without_end_is_cut_off(bool announced)
    {
        var written = 0L;
        var e = await OrderFailsAsync(async (_, context) =>
        {
            if (announced) context.Response.ContentLength = 1L << 40;
            var block = new byte[64 * 1024];
            for (; written < 1L << 28 && !context.RequestAborted.IsCancellationRequested; written += block.Length)
            {
                await context.Response.Body.WriteAsync(block, context.RequestAborted);
            }
        });
        Assert.Contains("longer than 1048576 bytes", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_dropped_connection_is_a_passing_failure()
    {
        var e = await OrderFailsAsync((_, context) =>
        {
            context.Abort();
            return Task.CompletedTask;
        });
        Assert.True(e.IsTransient);
        Assert.Contains("cannot be reached", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_CA_that_does_not_answer_is_given_up_on_the_callers_clock()
    {
        var time = new FakeTimeProvider();
        var asked = new TaskCompletionSource();
        var failing = OrderFailsAsync(
            async (_, context) =>
            {
                asked.SetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted);
            },
            time);
        await asked.Task.WaitAsync(TimeSpan.FromSeconds(20));
        time.Advance(TimeSpan.FromSeconds(21));
        var e = await failing.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.True(e.IsTransient);
        Assert.Contains("no whole answer within 20 s", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_caller_that_gives_up_gets_a_cancellation_and_no_failure()
    {
        using var cancel = new CancellationTokenSource();
        await using var ca = await MisbehavingCa.StartAsync(async (_, context) =>
        {
            await cancel.CancelAsync();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted);
        });
        using var server = await ca.ConnectAsync();
        using var key = AcmeKey.Create();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => MisbehavingCa.Account(server, key).CreateOrderAsync(Order, cancel.Token));
    }

    [Fact]
    public async Task A_refused_nonce_is_replaced_by_that_of_the_refusal_and_not_for_ever()
    {
        List<string?> outcomes = [];
        await using var ca = await MisbehavingCa.StartAsync((ca, context) =>
            ca.AnswerAsync(context, 400, "application/problem+json", """{"type":"urn:ietf:params:acme:error:badNonce"}"""));
        using var server = await ca.ConnectAsync(ca.Options with { OnRequest = outcome => outcomes.Add(outcome.Problem) });
        using var key = AcmeKey.Create();
        var e = await Assert.ThrowsAsync<AcmeException>(() => MisbehavingCa.Account(server, key).CreateOrderAsync(Order));
        Assert.Equal("badNonce", e.Problem?.Type);
        Assert.Equal(1, ca.Requests.Count(request => request == "HEAD /nonce"));
        Assert.Equal(Protocol.AcmeTransport.MaxNonceAttempts, ca.Requests.Count(request => request == "POST /new-order"));
        Assert.Equal(Protocol.AcmeTransport.MaxNonceAttempts, outcomes.Count(problem => problem == "badNonce"));
    }

    [Fact]
    public async Task A_redirect_is_not_followed()
    {
        var e = await OrderFailsAsync((_, context) =>
        {
            context.Response.Redirect("https://127.0.0.1:1/");
            return Task.CompletedTask;
        });
        Assert.Contains("302: redirects are not followed", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_CA_whose_own_certificate_is_not_trusted_is_not_talked_to()
    {
        await using var ca = await MisbehavingCa.StartAsync((_, _) => Task.CompletedTask);
        var e = await Assert.ThrowsAsync<AcmeException>(() => ca.ConnectAsync(new AcmeServerOptions()));
        Assert.Equal(("directory", false), (e.Operation, e.IsTransient));
        Assert.Contains("not trusted", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_directory_keeps_what_is_usable_and_the_clock_of_the_CA()
    {
        await using var ca = await MisbehavingCa.StartAsync((_, _) => Task.CompletedTask);
        using var server = await ca.ConnectAsync();
        Assert.Equal("The usual [2J one", Assert.Single(server.Directory.Profiles).Value);
        Assert.Null(server.Directory.KeyChange);
        Assert.InRange((TimeProvider.System.GetUtcNow() - server.ServerDate!.Value).TotalMinutes, -1, 1);
        await Assert.ThrowsAsync<ArgumentException>(() => AcmeServer.ConnectAsync(new Uri("http://127.0.0.1/dir")));
    }

    static async Task<AcmeException> OrderFailsAsync(Func<MisbehavingCa, HttpContext, Task> answer, TimeProvider? time = null)
    {
        await using var ca = await MisbehavingCa.StartAsync(answer);
        using var server = await ca.ConnectAsync(ca.Options with { Time = time ?? TimeProvider.System });
        using var key = AcmeKey.Create();
        return await Assert.ThrowsAsync<AcmeException>(() => MisbehavingCa.Account(server, key).CreateOrderAsync(Order));
    }
}
