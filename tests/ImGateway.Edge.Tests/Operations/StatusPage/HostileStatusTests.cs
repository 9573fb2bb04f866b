using System.Text.Json;
using System.Text.Json.Nodes;
using ImGateway.Edge.Operations.Status;
using Microsoft.Playwright;

namespace ImGateway.Edge.Tests.Operations.StatusPage;

/// <summary>What CAs, upstreams and files may say reaches the page as text and as nothing else.</summary>
public sealed class HostileStatusTests(Browser browser) : IClassFixture<Browser>
{
    static readonly string Hostile = "<script>window.harmed=1</script><img src=x onerror=\"window.harmed=1\"><style>body{display:none}</style>"
        + "\u202Egnp.exe\u2066 \u0645\u0631\u062D\u0628\u0627 \0\u0007\u2028 Z\u0351\u036B\u0343\u036A\u0302 </bdi></section> " + new string('W', 10_240);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Whatever_is_said_does_no_harm(bool phone)
    {
        await using var server = await ManagementServer.StartAsync();
        await using var tab = await browser.OpenAsync(server.Client.BaseAddress!, new TabSetup { Phone = phone, Status = () => SampleStatus.Healthy });
        // The policy also stops what gets into the page by another way.
        foreach (var sink in (string[])["document.body.innerHTML = '<b>x</b>'", "document.createElement('script').text = '1'", "document.write('x')"])
        {
            var refused = await Assert.ThrowsAsync<PlaywrightException>(() => tab.Page.EvaluateAsync($"() => {{ {sink}; }}"));
            Assert.Contains("TrustedHTML", refused.Message.Replace("TrustedScript", "TrustedHTML"));
        }

        await using var hostile = await browser.OpenAsync(server.Client.BaseAddress!, new TabSetup { Phone = phone, Status = () => Everywhere(SampleStatus.RenewalFailing) });
        await hostile.ShowsAsync("#certificates", "<script>window.harmed=1</script>");
        await hostile.ShowsAsync("#audit", "<script>window.harmed=1</script>");
        await hostile.ShowsAsync("#upstreams", "onerror=");
        await hostile.ShowsAsync("#configuration", "onerror=");

        Assert.False(await hostile.Page.EvaluateAsync<bool>("'harmed' in window"));
        Assert.Equal(1, await hostile.Page.Locator("script").CountAsync());
        Assert.Equal(0, await hostile.Page.Locator("img, main style, iframe").CountAsync());
        Assert.Equal(0, await hostile.OverflowAsync());
        Assert.Equal(7, await hostile.Page.Locator("#content h2:visible").CountAsync() - await hostile.Page.Locator(".tile h2").CountAsync());
        Assert.Empty(hostile.Complaints);
        Assert.All(hostile.Requests, request => Assert.Equal(server.Client.BaseAddress!.Authority, request.Authority));
    }

    [Fact]
    public async Task Entries_of_the_audit_log_that_others_wrote_do_no_harm()
    {
        using var directory = new ImGateway.Testing.TemporaryDirectory();
        var entry = new JsonObject { ["time"] = "2026-11-24T12:00:00Z", ["action"] = Hostile, ["host"] = Hostile, ["why"] = Hostile, ["who"] = Hostile, ["detail"] = Hostile };
        var good = new JsonObject { ["time"] = "2026-11-24T11:00:00Z", ["action"] = "installed", ["host"] = "gateway.example.com", ["why"] = "file", ["who"] = "im.crt" };
        // The last line is being written.
        await File.WriteAllTextAsync(
            directory["audit.jsonl"], $"{good.ToJsonString()}\n<script>\n{entry.ToJsonString()}\n{good.ToJsonString()[..40]}", TestContext.Current.CancellationToken);
        await using var server = await ManagementServer.StartAsync(ManagementServer.Options() with { DataDirectory = directory.Path });

        await using var tab = await browser.OpenAsync(server.Client.BaseAddress!);

        await tab.ShowsAsync("#audit", "Installed");
        await tab.ShowsAsync("#audit", "onerror=");
        Assert.Equal(2, await tab.Page.Locator("#audit li").CountAsync());
        Assert.False(await tab.Page.EvaluateAsync<bool>("'harmed' in window"));
        Assert.Empty(tab.Complaints);
    }

    /// <summary>In place of all that the edge did not choose itself.</summary>
    static StatusResponse Everywhere(StatusResponse status)
    {
        string[] own = ["action", "health", "active", "passive", "ocsp", "phase", "stepSeconds"];
        var json = JsonSerializer.SerializeToNode(status, StatusCollector.Json)!;
        Replace(json);
        return json.Deserialize<StatusResponse>(StatusCollector.Json)!;

        void Replace(JsonNode node)
        {
            switch (node)
            {
                case JsonObject fields:
                    foreach (var (name, value) in fields.ToList())
                    {
                        if (value is JsonValue text && text.GetValueKind() == JsonValueKind.String)
                        {
                            if (!own.Contains(name) && !DateTimeOffset.TryParse(text.GetValue<string>(), out _)) fields[name] = Hostile;
                        }
                        else if (value is not null)
                        {
                            Replace(value);
                        }
                    }

                    break;
                case JsonArray items:
                    for (var i = 0; i < items.Count; i++)
                    {
                        if (items[i] is JsonValue text && text.GetValueKind() == JsonValueKind.String) items[i] = Hostile;
                        else if (items[i] is { } item) Replace(item);
                    }

                    break;
            }
        }
    }
}
