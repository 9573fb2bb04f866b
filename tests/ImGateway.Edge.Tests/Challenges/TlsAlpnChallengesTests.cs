using System.Collections.Concurrent;
using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;
using ImGateway.Edge.Challenges;
using ImGateway.Edge.Tests.Proxying;
using ImGateway.Edge.Tests.Tls;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Challenges;

public sealed class TlsAlpnChallengesTests
{
    const string Protocol = "acme-tls/1";

    static readonly RawHello Asking = new() { ServerName = ProxyHost.Host, Alpn = [Protocol] };

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_CA_is_shown_the_challenge_and_let_go_after_the_handshake(TestedEngine engine)
    {
        await using var edge = await StartAsync(engine);
        var offer = Offers.For(ProxyHost.Host);
        await using var presented = await PresentAsync(edge, offer);
        foreach (var version in (string[])["-tls1_2", "-tls1_3"])
        {
            // Standard input stays open: only the edge can end this.
            var seen = await ExternalTool.RunAsync(
                ExternalTool.OpenSsl, ["s_client", "-connect", $"{edge.Tls}", "-servername", ProxyHost.Host, "-alpn", Protocol, version], input: null);

            Assert.Contains($"ALPN protocol: {Protocol}", seen.Output, StringComparison.Ordinal);
            var certificate = X509Certificate2.CreateFromPem(seen.Output.AsSpan(seen.Output.IndexOf("-----BEGIN", StringComparison.Ordinal)));
            AssertAnswers(certificate, offer);
            Assert.Equal([ProxyHost.Host], certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().Single().EnumerateDnsNames());
        }

        var metrics = await edge.MetricsAsync();
        Assert.Equal(0, metrics.Sum("imgw_tls_handshakes_total"));
        Assert.Equal(0, metrics.Sum("imgw_tls_handshake_failures_total"));
        Assert.Equal(0, metrics.Sum("imgw_tls_handshakes_in_progress"));
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Ordinary_clients_are_shown_the_real_certificate_at_the_same_time(TestedEngine engine)
    {
        await using var edge = await StartAsync(engine);
        await using var presented = await PresentAsync(edge, Offers.For(ProxyHost.Host));
        foreach (var alpn in (string[][])[[], ["h2"], ["http/1.1"], ["h2", "http/1.1"], ["h2", Protocol], [Protocol, "http/1.1"]])
        {
            var answer = await (Asking with { Alpn = alpn }).SendAsync(edge.Tls);

            Assert.True(answer.Certificates is [var leaf, ..] && leaf.SerialNumber == edge.Issued.SerialNumber, $"{string.Join(' ', alpn)}: {answer}");
        }
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Who_asks_when_nothing_is_pending_gets_alert_no_application_protocol(TestedEngine engine)
    {
        await using var edge = await StartAsync(engine);
        await (await PresentAsync(edge, Offers.For(ProxyHost.Host))).DisposeAsync();
        await AssertRefusedAsync(ProxyHost.Host);
        await AssertRefusedAsync("unknown.test");
        await AssertRefusedAsync(name: null);

        var presented = await PresentAsync(edge, Offers.For("a.wild.test"));
        await AssertRefusedAsync(ProxyHost.Host);
        await presented.DisposeAsync();
        await AssertRefusedAsync("a.wild.test");

        async Task AssertRefusedAsync(string? name)
        {
            foreach (var hello in (RawHello[])[Asking with { ServerName = name }, RawHello.ForTls13(name) with { Alpn = [Protocol] }])
            {
                var answer = await hello.SendAsync(edge.Tls);
                Assert.True(answer.IsFatalAlert(120), $"{name}: {answer}");
            }
        }
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_host_without_any_certificate_yet_can_be_proved(TestedEngine engine)
    {
        await using var edge = await StartAsync(engine);
        var offer = Offers.For("uncovered.test");
        await using var presented = await PresentAsync(edge, offer);

        AssertAnswers((await (Asking with { ServerName = "Uncovered.TEST" }).SendAsync(edge.Tls)).Certificates.Single(), offer);
        Assert.True((await (Asking with { ServerName = "uncovered.test", Alpn = ["h2"] }).SendAsync(edge.Tls)).IsFatalAlert(112));
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task An_address_is_asked_for_by_its_reverse_name(TestedEngine engine)
    {
        await using var edge = await StartAsync(engine);
        foreach (var (address, name) in ((string, string)[])[
            ("192.0.2.7", "7.2.0.192.in-addr.arpa"),
            ("2001:db8::12", "2.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa")])
        {
            var offer = Offers.For(address);
            await using var presented = await PresentAsync(edge, offer);

            var certificate = (await (Asking with { ServerName = name }).SendAsync(edge.Tls)).Certificates.Single();

            AssertAnswers(certificate, offer);
            var names = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().Single();
            Assert.Equal(address, names.EnumerateIPAddresses().Single().ToString());
            Assert.Empty(names.EnumerateDnsNames());
        }
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_session_of_a_challenge_resumes_nowhere(TestedEngine engine)
    {
        await using var edge = await StartAsync(engine);
        using var directory = new TemporaryDirectory();
        await using var presented = await PresentAsync(edge, Offers.For(ProxyHost.Host));
        foreach (var version in (string[])["-tls1_2", "-tls1_3"])
        {
            await ConnectAsync(version, Protocol, "-sess_out", directory[version]);
            // In TLS 1.2 there is nothing to keep; in 1.3 OpenSSL sends a ticket even where it will know it no more.
            if (!File.Exists(directory[version])) continue;
            foreach (var alpn in (string[])[Protocol, "http/1.1"])
            {
                var again = await ConnectAsync(version, alpn, "-sess_in", directory[version]);
                Assert.Contains("New, TLSv1", again.Output, StringComparison.Ordinal);
            }
        }

        Task<ToolResult> ConnectAsync(string version, string alpn, params string[] session) => ExternalTool.RunAsync(
            ExternalTool.OpenSsl,
            ["s_client", "-connect", $"{edge.Tls}", "-servername", ProxyHost.Host, version, "-ign_eof", "-alpn", alpn, .. session],
            "GET / HTTP/1.1\r\nHost: gateway.test\r\nConnection: close\r\n\r\n");
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Challenges_that_come_and_go_disturb_no_ordinary_client(TestedEngine engine)
    {
        const int Challenges = 40;
        await using var edge = await StartAsync(engine);
        using var end = new CancellationTokenSource();
        var wrong = new ConcurrentQueue<string>();
        var clients = Enumerable.Range(0, 3).Select(_ => ClientsAsync()).ToList();

        for (var i = 0; i < Challenges; i++)
        {
            var offer = Offers.For(ProxyHost.Host);
            await using var presented = await PresentAsync(edge, offer);
            AssertAnswers((await Asking.SendAsync(edge.Tls)).Certificates.Single(), offer);
        }

        await end.CancelAsync();
        var served = await Task.WhenAll(clients);
        Assert.Empty(wrong);
        Assert.True(served.All(count => count > 0), $"served: {string.Join(' ', served)}");

        async Task<int> ClientsAsync()
        {
            var count = 0;
            for (; !end.IsCancellationRequested; count++)
            {
                var answer = await (Asking with { Alpn = ["h2", "http/1.1"] }).SendAsync(edge.Tls);
                if (answer.Certificates is not [var leaf, ..] || leaf.SerialNumber != edge.Issued.SerialNumber) wrong.Enqueue($"{answer}");
            }

            return count;
        }
    }

    [Fact]
    public async Task A_challenge_that_ends_leaves_the_later_one_for_its_name()
    {
        await using var edge = await StartAsync(TestedEngines.Default);
        var first = await PresentAsync(edge, Offers.For(ProxyHost.Host));
        var offer = Offers.For(ProxyHost.Host);
        await using var second = await PresentAsync(edge, offer);
        await first.DisposeAsync();

        AssertAnswers((await Asking.SendAsync(edge.Tls)).Certificates.Single(), offer);
    }

    [Fact]
    public async Task Wildcards_and_digests_of_another_length_are_refused()
    {
        await using var edge = await StartAsync(TestedEngines.Default);
        await Assert.ThrowsAsync<ChallengeException>(() => PresentAsync(edge, Offers.For("*.wild.test")));
        await Assert.ThrowsAsync<ChallengeException>(() => PresentAsync(edge, Offers.For(ProxyHost.Host) with { Digest = new byte[31] }));
    }

    static Task<ProxyHost> StartAsync(TestedEngine engine) =>
        ProxyHost.StartAsync(ProxyHost.Options(new Uri("http://127.0.0.1:9")), engine: engine);

    static Task<IAsyncDisposable> PresentAsync(ProxyHost edge, ChallengeData offer) =>
        edge.Challenges.Single(responder => responder.Type == "tls-alpn-01").PresentAsync(offer, TestContext.Current.CancellationToken);

    /// <summary>RFC 8737 §3: self-signed, the digest in a critical acmeIdentifier.</summary>
    static void AssertAnswers(X509Certificate2 certificate, ChallengeData offer)
    {
        var identifier = certificate.Extensions.Single(extension => extension.Oid!.Value == "1.3.6.1.5.5.7.1.31");
        Assert.True(identifier.Critical);
        Assert.Equal(offer.Digest.ToArray(), AsnDecoder.ReadOctetString(identifier.RawData, AsnEncodingRules.DER, out var consumed));
        Assert.Equal(identifier.RawData.Length, consumed);
        Assert.Equal(certificate.SubjectName.RawData, certificate.IssuerName.RawData);
    }
}
