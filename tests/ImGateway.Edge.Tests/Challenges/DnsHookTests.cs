using ImGateway.Edge.Challenges;
using ImGateway.Edge.Configuration;
using ImGateway.Testing;
using Microsoft.Extensions.Logging;

namespace ImGateway.Edge.Tests.Challenges;

public sealed class DnsHookTests
{
    const string Record = "echo \"$@\" >> \"$log\"\n";

    readonly LogCollector<DnsHook> _log = new();

    [Theory]
    [InlineData("gateway.test", "_acme-challenge.gateway.test")]
    [InlineData("*.gateway.test", "_acme-challenge.gateway.test")]
    [InlineData("bücher.test", "_acme-challenge.xn--bcher-kva.test")]
    public async Task The_record_is_presented_and_cleaned_up(string host, string record)
    {
        using var hook = await Hook.CreateAsync(Record);
        var offer = Offers.For(host);

        var presented = await PresentAsync(hook.Path, offer);
        Assert.Equal([$"present {record} {offer.TxtValue}"], hook.Log);
        await presented.DisposeAsync();
        await presented.DisposeAsync();

        Assert.Equal([$"present {record} {offer.TxtValue}", $"cleanup {record} {offer.TxtValue}"], hook.Log);
        Assert.Empty(_log.Lines);
    }

    [Fact]
    public async Task A_hook_that_fails_says_why_and_is_cleaned_up_after()
    {
        using var hook = await Hook.CreateAsync(Record + "[ $1 = cleanup ] || { echo working; echo 'no such zone' >&2; exit 7; }");

        var e = await Assert.ThrowsAsync<ChallengeException>(() => PresentAsync(hook.Path, Offers.For("gateway.test")));

        e.Message.AssertSays("Edge:Acme:DnsHook: ", "present _acme-challenge.gateway.test", "exited with 7", "no such zone");
        Assert.DoesNotContain("working", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
        Assert.StartsWith("cleanup ", hook.Log[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cleanup_that_fails_is_a_warning()
    {
        using var hook = await Hook.CreateAsync("[ $1 = present ] || { echo 'API is down'; exit 1; }");

        await (await PresentAsync(hook.Path, Offers.For("gateway.test"))).DisposeAsync();

        var (level, text) = Assert.Single(_log.Lines);
        Assert.Equal(LogLevel.Warning, level);
        Assert.Equal(
            "Edge:Acme:DnsHook: cleanup _acme-challenge.gateway.test exited with 1: API is down; remove the TXT record by hand", text);
    }

    [Fact]
    public async Task A_missing_hook_is_one_clear_line()
    {
        var e = await Assert.ThrowsAsync<ChallengeException>(() => PresentAsync("/nowhere/hook", Offers.For("gateway.test")));
        e.Message.AssertSays("Edge:Acme:DnsHook: ", "present _acme-challenge.gateway.test", "/nowhere/hook: no such program");
        Assert.DoesNotContain('\n', e.Message);
        Assert.Empty(_log.Lines);
    }

    [Theory]
    [InlineData("")]
    [InlineData("short")]
    [InlineData("$(rm -rf /)aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaa\naaaaaaaaaaaaaaaaaaaaa")]
    public async Task A_value_that_is_no_digest_never_reaches_the_hook(string value)
    {
        using var hook = await Hook.CreateAsync(Record);
        await Assert.ThrowsAsync<ChallengeException>(() => PresentAsync(hook.Path, Offers.For("gateway.test") with { TxtValue = value }));
        Assert.Empty(hook.Log);
    }

    [Fact]
    public void Names_can_be_proved_where_there_is_a_hook_and_addresses_never()
    {
        Assert.True(Responder("/hook").CanAnswer(HostName.Parse("*.gateway.test")));
        Assert.False(Responder("/hook").CanAnswer(HostName.Parse("192.0.2.1")));
        Assert.False(Responder(null).CanAnswer(HostName.Parse("gateway.test")));
    }

    Task<IAsyncDisposable> PresentAsync(string program, ChallengeData offer) => Responder(program).PresentAsync(offer, TestContext.Current.CancellationToken);

    DnsHook Responder(string? program) =>
        new(new EdgeOptions { Acme = new AcmeSection { DnsHook = program } }, new HookProgram(TimeProvider.System), _log);
}
