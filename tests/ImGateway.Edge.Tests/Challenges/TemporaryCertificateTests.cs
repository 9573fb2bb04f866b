using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using ImGateway.Edge.Challenges;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tests.Proxying;
using ImGateway.Edge.Tests.Tls;
using ImGateway.Edge.Tls;
using ImGateway.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace ImGateway.Edge.Tests.Challenges;

/// <summary>A host without a certificate whose http-01 is sent to https: a CA that follows the redirect verifies no certificate, but needs one.</summary>
public sealed class TemporaryCertificateTests
{
    const string Pending = "uncovered.test";
    const string Folder = "/.well-known/acme-challenge/";

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task While_http_01_is_pending_its_host_is_served_a_self_signed_certificate_and_no_longer(TestedEngine engine)
    {
        await using var edge = await StartAsync(engine);
        await AssertRefusedAsync(Pending);
        foreach (var challenge in (string[])["http-01", "http-01"])
        {
            var presented = await PresentAsync(edge, challenge, Offers.For(Pending));

            var stood = (await (new RawHello { ServerName = "Uncovered.TEST" }).SendAsync(edge.Tls)).Certificates.Single();

            Assert.Equal(stood.Issuer, stood.Subject);
            Assert.Equal([Pending], stood.Extensions.OfType<X509SubjectAlternativeNameExtension>().Single().EnumerateDnsNames());
            // All other names get the certificate they had before, and no further name is served.
            var (leaf, unnamed) = ((await Shown(ProxyHost.Host)).SerialNumber, (await Shown(name: null)).SerialNumber);
            Assert.Equal((edge.Issued.SerialNumber, edge.Issued.SerialNumber), (leaf, unnamed));
            await AssertRefusedAsync("unknown.test");
            await presented.DisposeAsync();
            await AssertRefusedAsync(Pending);
        }

        // tls-alpn-01 has a certificate of its own.
        await using var other = await PresentAsync(edge, "tls-alpn-01", Offers.For(Pending));
        await AssertRefusedAsync(Pending);

        async Task<X509Certificate2> Shown(string? name) => (await (new RawHello { ServerName = name }).SendAsync(edge.Tls)).Certificates[0];

        async Task AssertRefusedAsync(string name)
        {
            var answer = await (new RawHello { ServerName = name }).SendAsync(edge.Tls);
            Assert.True(answer.IsFatalAlert(112), $"{name}: {answer}");
        }
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Such_a_connection_is_answered_its_challenge_and_421_for_all_else(string version)
    {
        await using var edge = await StartAsync();
        var offer = Offers.For(Pending);
        await using var presented = await PresentAsync(edge, "http-01", offer);
        using var client = Client(edge, version);

        Assert.Equal(offer.KeyAuthorization, await client.GetStringAsync(new Uri($"https://{Pending}{Folder}{offer.Token}"), Cancellation));
        foreach (var (method, path) in ((HttpMethod, string)[])[
            (HttpMethod.Get, "/api/users"), (HttpMethod.Get, "/health"), (HttpMethod.Get, "/"), (HttpMethod.Get, "/a//b"), (HttpMethod.Trace, "/"),
            (HttpMethod.Post, Folder + offer.Token), (HttpMethod.Get, Folder + "OTHER")])
        {
            using var request = new HttpRequestMessage(method, new Uri($"https://{Pending}{path}")) 
            {
                Version = new Version(version), VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            };
            using var answer = await client.SendAsync(request, Cancellation);

            Assert.True((int)answer.StatusCode == 421, $"{method} {path}: {answer}");
        }
    }

    [Fact]
    public async Task A_certificate_that_arrives_is_served_at_once_and_opens_nothing_to_the_connections_of_before()
    {
        await using var edge = await StartAsync();
        var offer = Offers.For(Pending);
        await using var presented = await PresentAsync(edge, "http-01", offer);
        await using var before = await TlsWire.ConnectAsync(edge.Tls, Blind(Pending), Cancellation);
        var selector = edge.Services.GetRequiredService<ServerCertificateSelector>();
        using var ca = TestCa.Create("A CA");
        using var issued = ca.Issue(Pending);

        selector.Publish(new Dictionary<HostName, Credential>(selector.Served) { [HostName.Parse(Pending)] = issued.ToCredential(Pending) });

        var answer = await (new RawHello { ServerName = Pending }).SendAsync(edge.Tls);
        Assert.Equal(issued.SerialNumber, answer.Certificates[0].SerialNumber);
        foreach (var host in (string[])[ProxyHost.Host, Pending])
        {
            await before.SendAsync($"HEAD /health HTTP/1.1\r\nHost: {host}\r\n\r\n", Cancellation);
            Assert.StartsWith("HTTP/1.1 421 ", await before.ReadHeadAsync(Cancellation), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Without_any_certificate_a_client_that_sends_no_name_gets_what_is_pending()
    {
        await using var edge = await StartAsync();
        edge.Services.GetRequiredService<ServerCertificateSelector>().Publish(new Dictionary<HostName, Credential>());
        var refused = await (new RawHello { ServerName = null }).SendAsync(edge.Tls);
        Assert.True(refused.IsFatalAlert(80), $"{refused}");
        foreach (var host in (string[])[Pending, "127.0.0.1"])
        {
            await using var presented = await PresentAsync(edge, "http-01", Offers.For(host));

            var names = (await (new RawHello { ServerName = null }).SendAsync(edge.Tls)).Certificates.Single().Extensions.OfType<X509SubjectAlternativeNameExtension>().Single();

            Assert.Equal([host], names.EnumerateDnsNames().Concat(names.EnumerateIPAddresses().Select(address => address.ToString())));
        }
    }

    [Fact]
    public async Task A_session_of_a_stand_in_resumes_nowhere()
    {
        await using var edge = await StartAsync();
        using var directory = new TemporaryDirectory();
        await using var presented = await PresentAsync(edge, "http-01", Offers.For(Pending));
        foreach (var version in (string[])["-tls1_2", "-tls1_3"])
        {
            var first = await ConnectAsync(version, "-sess_out", directory[version]);
            Assert.Contains("New, TLSv1", first.Output, StringComparison.Ordinal);
            Assert.Contains("HTTP/1.1 421", first.Output, StringComparison.Ordinal);
            // In TLS 1.2 there is nothing to keep; in 1.3 OpenSSL sends a ticket even where it will know it no more.
            if (!File.Exists(directory[version])) continue;
            var again = await ConnectAsync(version, "-sess_in", directory[version]);
            Assert.Contains("New, TLSv1", again.Output, StringComparison.Ordinal);
        }

        Task<ToolResult> ConnectAsync(string version, params string[] session) => ExternalTool.RunAsync(
            ExternalTool.OpenSsl,
            ["s_client", "-connect", $"{edge.Tls}", "-servername", Pending, version, "-ign_eof", .. session],
            $"GET / HTTP/1.1\r\nHost: {Pending}\r\nConnection: close\r\n\r\n");
    }

    static Task<ProxyHost> StartAsync(TestedEngine? engine = null) =>
        ProxyHost.StartAsync(ProxyHost.Options(new Uri("http://127.0.0.1:9")), engine: engine);

    static Task<IAsyncDisposable> PresentAsync(ProxyHost edge, string type, ChallengeData offer) =>
        edge.Challenges.Single(responder => responder.Type == type).PresentAsync(offer, Cancellation);

    static HttpClient Client(ProxyHost edge, string version)
    {
        var handler = edge.Handler();
        handler.SslOptions = Blind(host: null);
        return new HttpClient(handler) { DefaultRequestVersion = new Version(version), DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
    }

    /// <summary>Verifies no certificate, as a CA that follows a redirect of http-01.</summary>
    static SslClientAuthenticationOptions Blind(string? host) => new() { TargetHost = host, RemoteCertificateValidationCallback = (_, _, _, _) => true };
}
