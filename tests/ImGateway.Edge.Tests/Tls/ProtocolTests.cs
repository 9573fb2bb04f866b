using System.Text.Json.Nodes;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Tls;

public sealed class ProtocolTests(TlsFixture tls)
{
    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Curl_speaks_TLS_1_3_and_HTTP_2(TestedEngine engine)
    {
        var result = await CurlAsync(engine, "--tlsv1.3", "--http2");

        Assert.Equal(("0", "2", "200"), (result["ssl_verify"], result["http"], result["code"]));
        Assert.Contains("TLSv1.3", result["trace"], StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Curl_speaks_TLS_1_2_and_HTTP_1_1(TestedEngine engine)
    {
        var result = await CurlAsync(engine, "--tls-max", "1.2", "--http1.1");

        Assert.Equal(("0", "1.1", "200"), (result["ssl_verify"], result["http"], result["code"]));
        Assert.Contains("TLSv1.2", result["trace"], StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task OpenSSL_3_5_with_its_hello_of_two_segments_is_served(TestedEngine engine)
    {
        var edge = await tls.EdgeAsync(engine);

        var result = await ExternalTool.RunAsync(ExternalTool.NewOpenSsl,
            ["s_client", "-connect", edge.Https.ToString(), "-servername", TlsFixture.Gateway, "-CAfile", tls.RootFile, "-verify_return_error"]);

        Assert.Contains("Verify return code: 0 (ok)", result.Output, StringComparison.Ordinal);
        Assert.Contains("TLSv1.3", result.Output, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task The_whole_delivered_chain_is_sent(TestedEngine engine)
    {
        var edge = await tls.EdgeAsync(engine);

        var answer = await new RawHello { ServerName = TlsFixture.Gateway }.SendAsync(edge.Https);

        Assert.Equal([tls.Default.Leaf.Thumbprint, tls.Ca.Certificate.Thumbprint], answer.Certificates.Select(c => c.Thumbprint));
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task TLS_1_1_and_1_0_are_refused(TestedEngine engine)
    {
        var edge = await tls.EdgeAsync(engine);
        foreach (var version in (ushort[])[RawHello.Tls11, RawHello.Tls10])
        {
            // What servers of that time agreed to: ECDHE and RSA key exchange with AES-CBC and SHA-1.
            var hello = new RawHello { LegacyVersion = version, ServerName = TlsFixture.Gateway, CipherSuites = [0xc009, 0xc013, 0x002f, 0x0035] };

            var answer = await hello.SendAsync(edge.Https);

            Assert.True(answer.IsFatalAlert(70), $"{version:x4}: {answer}");
        }
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Modern_serves_TLS_1_3_only(TestedEngine engine)
    {
        await using var edge = await EdgeProcess.StartAsync(
            tls.Setup(engine) with { Settings = new Dictionary<string, JsonNode?> { ["Tls:Policy"] = "Modern" } });

        var old = await new RawHello { ServerName = TlsFixture.Gateway }.SendAsync(edge.Https);
        var modern = await RawHello.ForTls13(TlsFixture.Gateway).SendAsync(edge.Https);

        Assert.True(old.IsFatalAlert(70), old.ToString());
        Assert.Equal(RawHello.Tls13, modern.Version);
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Application_protocols_are_negotiated_in_the_order_of_the_edge(TestedEngine engine)
    {
        var edge = await tls.EdgeAsync(engine);

        async Task<HelloAnswer> OfferAsync(params string[] alpn) =>
            await new RawHello { ServerName = TlsFixture.Gateway, Alpn = alpn }.SendAsync(edge.Https);

        Assert.Equal("h2", (await OfferAsync("http/1.1", "h2")).Alpn);
        Assert.Equal("http/1.1", (await OfferAsync("http/1.1", "http/1.0")).Alpn);
        Assert.Null((await OfferAsync()).Alpn);
        // RFC 7301 §3.2: no_application_protocol.
        Assert.True((await OfferAsync("spdy/3")).IsFatalAlert(120));
    }

    async Task<Dictionary<string, string>> CurlAsync(TestedEngine engine, params string[] options)
    {
        var edge = await tls.EdgeAsync(engine);
        var result = await ExternalTool.RunAsync(ExternalTool.Curl,
        [
            .. options, "-sv", "--cacert", tls.RootFile, "--resolve", $"{TlsFixture.Gateway}:{edge.HttpsPort}:127.0.0.1",
            "-o", "/dev/null", "-w", "%{ssl_verify_result} %{http_version} %{http_code}", $"https://{TlsFixture.Gateway}:{edge.HttpsPort}/api",
        ]);
        var words = result.Output.Split(' ');
        Assert.True(words.Length == 3, result.All);
        return new() { ["ssl_verify"] = words[0], ["http"] = words[1], ["code"] = words[2], ["trace"] = result.Error };
    }
}
