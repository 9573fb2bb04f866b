using System.Net;
using System.Security.Cryptography;
using System.Text;
using ImGateway.Edge.Operations.StatusPage;

namespace ImGateway.Edge.Tests.Operations.StatusPage;

/// <summary>The page as it is sent.</summary>
public sealed class StatusDocumentTests
{
    [Fact]
    public async Task It_allows_itself_by_hash_and_nothing_else()
    {
        await using var server = await ManagementServer.StartAsync();

        using var answer = await server.Client.GetAsync("/", TestContext.Current.CancellationToken);
        var page = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

        Assert.Equal("text/html; charset=utf-8", answer.Content.Headers.ContentType?.ToString());
        var policy = Assert.Single(answer.Headers.GetValues("Content-Security-Policy"));
        Assert.Equal(
            $"default-src 'none'; script-src {HashOf(page, "script")}; style-src {HashOf(page, "style")}; connect-src 'self'; img-src data:; "
            + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
            policy);
        Assert.Equal("no-referrer", Assert.Single(answer.Headers.GetValues("Referrer-Policy")));
        Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));
        Assert.True(answer.Headers.CacheControl?.NoStore);
    }

    [Fact]
    public void It_names_no_other_place_and_has_no_way_to_become_markup()
    {
        var page = Encoding.UTF8.GetString(StatusDocument.Body.Span);

        Assert.Equal(["http://www.w3.org/2000/svg"], page.Split('"', '\'', '`', '(', '<', ' ', '=').Where(part => part.StartsWith("http", StringComparison.Ordinal)).Distinct());
        foreach (var sink in (string[])["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", " style=\"", " onclick=", "@import", "url("])
        {
            Assert.DoesNotContain(sink, page);
        }
    }

    [Theory]
    [InlineData("GET", "attacker.example", HttpStatusCode.MisdirectedRequest)]
    [InlineData("POST", null, HttpStatusCode.MethodNotAllowed)]
    [InlineData("HEAD", null, HttpStatusCode.OK)]
    public async Task It_keeps_to_the_rules_of_the_port(string method, string? host, HttpStatusCode status)
    {
        await using var server = await ManagementServer.StartAsync();

        using var answer = await server.SendAsync(new HttpMethod(method), "/", host);

        Assert.Equal(status, answer.StatusCode);
        Assert.DoesNotContain("<html", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_caller_outside_the_networks_gets_no_page()
    {
        await using var server = await ManagementServer.StartAsync(ManagementServer.Options() with { ManagementNetworks = [IPNetwork.Parse("10.0.0.0/8")] });

        using var answer = await server.Client.GetAsync("/", TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        Assert.Equal("address not in Edge:ManagementNetworks\n", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    static string HashOf(string page, string element)
    {
        var start = page.IndexOf($"<{element}>", StringComparison.Ordinal) + element.Length + 2;
        return $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(page[start..page.IndexOf($"</{element}>", start, StringComparison.Ordinal)])))}'";
    }
}
