using System.Text.RegularExpressions;
using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using ImGateway.Edge.Operations.Status;
using Microsoft.Playwright;

namespace ImGateway.Edge.Tests.Operations.StatusPage;

/// <summary>Accessibility of the real page, in states that an edge is seldom in.</summary>
public sealed class StatusPageAppearanceTests(Browser browser) : IClassFixture<Browser>
{
    [Theory]
    [InlineData("healthy", false, false)]
    [InlineData("healthy", false, true)]
    [InlineData("healthy", true, false)]
    [InlineData("healthy", true, true)]
    [InlineData("renewal-failing", true, false)]
    [InlineData("degraded", false, false)]
    [InlineData("draining", false, false)]
    [InlineData("starting", true, false)]
    [InlineData("gone", true, true)]
    public async Task It_is_accessible_and_fits_the_window(string name, bool dark, bool phone)
    {
        await using var server = await ManagementServer.StartAsync();
        var isGone = false;
        await using var tab = await browser.OpenAsync(
            server.Client.BaseAddress!, new TabSetup { Dark = dark, Phone = phone, Status = () => Volatile.Read(ref isGone) ? null : Named(name) });
        foreach (var summary in await tab.Page.Locator("summary").AllAsync()) await summary.ClickAsync();
        if (name == "gone")
        {
            Volatile.Write(ref isGone, true);
            await Assertions.Expect(tab.Stale).ToBeVisibleAsync();
        }

        var found = await tab.Page.RunAxe();

        Assert.Empty(found.Violations.Select(Describe));
        Assert.True(found.Passes.Length > 20, $"axe looked at {found.Passes.Length} rules only");
        Assert.Equal(0, await tab.OverflowAsync());
        if (name != "gone") Assert.Empty(tab.Complaints);
    }

    [Fact]
    public async Task A_ready_edge_with_a_host_that_has_no_certificate_is_called_degraded_with_the_host()
    {
        await using var server = await ManagementServer.StartAsync();
        await using var tab = await browser.OpenAsync(server.Client.BaseAddress!, new TabSetup { Status = () => SampleStatus.Degraded });

        await tab.ShowsAsync("#health", "Ready, but degraded");
        await tab.ShowsAsync("#health", "chat.example.com: no certificate; ordering failed once");
    }

    [Fact]
    public async Task A_chain_that_may_not_lead_to_a_root_is_named_with_what_it_lacks()
    {
        await using var server = await ManagementServer.StartAsync();
        await using var tab = await browser.OpenAsync(server.Client.BaseAddress!, new TabSetup { Status = () => SampleStatus.Degraded });

        await tab.ShowsAsync("#health", "legacy.example.com: its chain is unverified: clients may refuse it");
        await tab.ShowsAsync("#certificates", "Chain unverified");
        await tab.ShowsAsync("#certificates .trouble >> nth=1", "'CN=Example Corp Issuing CA 3, O=Example Corp' is missing");
    }

    [Fact]
    public async Task Axe_finds_what_is_wrong_where_something_is()
    {
        await using var server = await ManagementServer.StartAsync();
        var asked = 0;
        // Once only: the next answer would put right what is wrong.
        await using var tab = await browser.OpenAsync(
            server.Client.BaseAddress!, new TabSetup { Status = () => Interlocked.Increment(ref asked) == 1 ? SampleStatus.Healthy : null });
        await tab.Page.EvaluateAsync("document.querySelector('.life').removeAttribute('aria-label'); document.querySelector('#seen').style.color = '#ccc'");

        var found = await tab.Page.RunAxe();

        Assert.Contains("aria-meter-name", found.Violations.Select(violation => violation.Id));
        Assert.Contains("color-contrast", found.Violations.Select(violation => violation.Id));
    }

    [Fact]
    public async Task The_keyboard_reaches_everything_and_shows_where_it_is()
    {
        await using var server = await ManagementServer.StartAsync();
        await using var tab = await browser.OpenAsync(server.Client.BaseAddress!, new TabSetup { Status = () => SampleStatus.Healthy });
        var wanted = await tab.Page.Locator("a, button, summary").CountAsync();

        HashSet<string> reached = [];
        for (var i = 0; i < wanted; i++)
        {
            await tab.Page.Keyboard.PressAsync("Tab");
            var focused = await tab.Page.EvaluateAsync<string[]>("""
                (() => { const e = document.activeElement, s = getComputedStyle(e), box = e.getBoundingClientRect();
                  return [`${e.tagName} ${e.textContent} ${box.x} ${box.y + scrollY}`, s.outlineStyle, parseFloat(s.outlineWidth).toString(), (box.top >= 0 && box.bottom <= innerHeight).toString()]; })()
                """);
            Assert.Equal(["solid", "3", "true"], focused[1..]);
            reached.Add(focused[0]);
        }

        Assert.Equal(wanted, reached.Count);
        Assert.True(wanted >= 10, $"{wanted} places to stop at");
    }

    [Fact]
    public async Task Focus_opened_details_and_selection_outlive_a_refresh()
    {
        await using var server = await ManagementServer.StartAsync();
        var status = SampleStatus.Healthy;
        await using var tab = await browser.OpenAsync(server.Client.BaseAddress!, new TabSetup { Status = () => Volatile.Read(ref status) });
        var summary = tab.Page.Locator("summary").First;
        await summary.ClickAsync();
        await summary.FocusAsync();

        Volatile.Write(ref status, SampleStatus.RenewalFailing);
        await tab.ShowsAsync("#health", "see to this");

        await Assertions.Expect(tab.Page.Locator("details").First).ToHaveAttributeAsync("open", "");
        await Assertions.Expect(summary).ToBeFocusedAsync();
    }

    [Fact]
    public async Task An_edge_that_does_not_answer_is_shown_with_its_age_and_one_that_is_back_is_shown_again()
    {
        await using var server = await ManagementServer.StartAsync();
        var isGone = false;
        await using var tab = await browser.OpenAsync(
            server.Client.BaseAddress!, new TabSetup { OwnClock = true, Status = () => Volatile.Read(ref isGone) ? null : SampleStatus.Healthy });
        await Assertions.Expect(tab.Stale).ToBeHiddenAsync();

        // From here on only the test lets time pass; what was asked before may still be answered.
        await tab.Page.Clock.PauseAtAsync(await tab.Page.EvaluateAsync<string>("new Date(Date.now() + 1000).toISOString()"));
        Volatile.Write(ref isGone, true);
        await tab.Page.Clock.RunForAsync(12_000);
        await Assertions.Expect(tab.Stale).ToHaveTextAsync(Age("1[2-6]"));
        await tab.Page.Clock.RunForAsync(20_000);
        await Assertions.Expect(tab.Stale).ToHaveTextAsync(Age("3[2-6]"));
        await tab.ShowsAsync("#seen", "no connection");

        Volatile.Write(ref isGone, false);
        await tab.Page.Clock.RunForAsync(2_500);
        await Assertions.Expect(tab.Stale).ToBeHiddenAsync();
        await tab.ShowsAsync("#seen", "live");

        static Regex Age(string seconds) => new($"Last seen {seconds} s ago", RegexOptions.None, TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task There_is_no_request_while_the_tab_is_hidden_or_paused()
    {
        await using var server = await ManagementServer.StartAsync();
        await using var tab = await browser.OpenAsync(server.Client.BaseAddress!, new TabSetup { OwnClock = true, Status = () => SampleStatus.Healthy });
        await tab.RefreshesUponAsync(() => tab.Page.Clock.RunForAsync(2_500));
        await tab.ShowsAsync("#seen", "live");

        await HideAsync(true);
        var before = tab.Refreshes;
        await tab.Page.Clock.RunForAsync(60_000);
        Assert.Equal(before, tab.Refreshes);

        await tab.RefreshesUponAsync(() => HideAsync(false));
        await tab.ShowsAsync("#seen", "live");

        var button = tab.Page.GetByRole(AriaRole.Button, new() { Name = "Pause" });
        await button.ClickAsync();
        await Assertions.Expect(button).ToHaveAttributeAsync("aria-pressed", "true");
        before = tab.Refreshes;
        await tab.Page.Clock.RunForAsync(60_000);
        Assert.Equal(before, tab.Refreshes);
        await tab.ShowsAsync("#seen", "paused; seen 1 min ago");

        Task HideAsync(bool hidden) => tab.Page.EvaluateAsync(
            $"Object.defineProperty(document, 'hidden', {{ get: () => {(hidden ? "true" : "false")}, configurable: true }}); document.dispatchEvent(new Event('visibilitychange'))");
    }

    [Fact]
    public async Task Without_scripts_it_says_what_to_use_instead()
    {
        await using var server = await ManagementServer.StartAsync();
        await using var tab = await browser.OpenAsync(server.Client.BaseAddress!, new TabSetup { Scripts = false });

        var text = await tab.TextAsync("main");

        Assert.Contains("This page needs JavaScript.", text);
        Assert.Contains("/api/status", text);
        Assert.Contains("imgw cert list", text);
    }

    internal static StatusResponse Named(string name) => name switch
    {
        "renewal-failing" => SampleStatus.RenewalFailing,
        "degraded" => SampleStatus.Degraded,
        "draining" => SampleStatus.Draining,
        "starting" => SampleStatus.Starting,
        _ => SampleStatus.Healthy,
    };

    static string Describe(AxeResultItem violation) => $"{violation.Id}: {violation.Help}: {string.Join("; ", violation.Nodes.Select(node => node.Html))}";
}
