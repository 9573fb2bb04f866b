using ImGateway.Testing;

namespace ImGateway.Acme.Tests;

/// <summary>The CA of the tests connects back, and believes only what the RFCs let it believe.</summary>
public sealed class ScriptableCaValidationTests
{
    static readonly ScriptableCaOptions Connecting = new() { Challenges = ["http-01", "tls-alpn-01", "dns-01", "dns-persist-01"] };

    [Fact]
    public async Task Http_01_is_fetched_with_the_names_own_host_header()
    {
        await using var flow = await AcmeFlow.StartAsync(Connecting);
        var answer = "";
        await using var server = RecordingUpstream.Start((connection, head) => UpstreamScripts.Answer(answer)(connection, head));
        flow.Ca.HttpPort = server.Address.Port;
        var token = "";

        await flow.IssueAsync(AcmeFlow.Request("im.example.com"), "http-01", given => answer = flow.Account.KeyAuthorization(token = given));

        var head = Assert.Single(server.Requests);
        Assert.StartsWith($"GET /.well-known/acme-challenge/{token} HTTP/1.1\r\n", head);
        Assert.Contains("\r\nHost: im.example.com\r\n", head);
    }

    [Fact]
    public async Task Http_01_with_another_accounts_key_authorization_is_invalid()
    {
        await using var flow = await AcmeFlow.StartAsync(Connecting);
        await using var server = RecordingUpstream.Start(UpstreamScripts.Answer("token.somebody-elses-thumbprint"));
        flow.Ca.HttpPort = server.Address.Port;

        var failure = await Assert.ThrowsAsync<AcmeException>(() => flow.IssueAsync(AcmeFlow.Request("im.example.com")));

        Assert.Equal(("unauthorized", 1), (failure.Problem?.Type, flow.Ca.FailedValidations));
    }

    [Fact]
    public async Task A_closed_port_is_a_connection_problem()
    {
        await using var flow = await AcmeFlow.StartAsync(Connecting);
        var server = RecordingUpstream.Start();
        flow.Ca.HttpPort = server.Address.Port;
        await server.DisposeAsync();

        var failure = await Assert.ThrowsAsync<AcmeException>(() => flow.IssueAsync(AcmeFlow.Request("im.example.com")));

        Assert.Equal("connection", failure.Problem?.Type);
    }

    [Theory]
    [InlineData("im.example.com", "im.example.com")]
    [InlineData("192.0.2.7", "7.2.0.192.in-addr.arpa")]
    [InlineData("2001:db8::1", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa")]
    public async Task Tls_alpn_01_is_asked_for_by_name_or_reverse_name(string host, string serverName)
    {
        await using var flow = await AcmeFlow.StartAsync(Connecting);
        await using var responder = TlsAlpnResponder.Start();
        flow.Ca.TlsPort = responder.Port;

        await flow.IssueAsync(
            AcmeFlow.Request(host), "tls-alpn-01", token => responder.Certificate = TlsAlpnResponder.CreateCertificate(flow.Account.TlsAlpnDigest(token), true, host));

        Assert.Equal([serverName], responder.Names);
    }

    [Theory]
    [InlineData(false, "acme-tls/1", "im.example.com")]
    [InlineData(true, "http/1.1", "im.example.com")]
    [InlineData(true, "acme-tls/1", "www.example.com")]
    [InlineData(true, "acme-tls/1", "im.example.com", "www.example.com")]
    public async Task Tls_alpn_01_needs_a_critical_extension_the_protocol_and_the_one_name(bool critical, string protocol, params string[] names)
    {
        await using var flow = await AcmeFlow.StartAsync(Connecting);
        await using var responder = TlsAlpnResponder.Start(protocol);
        flow.Ca.TlsPort = responder.Port;

        await Assert.ThrowsAsync<AcmeException>(() => flow.IssueAsync(
            AcmeFlow.Request("im.example.com"),
            "tls-alpn-01",
            token => responder.Certificate = TlsAlpnResponder.CreateCertificate(flow.Account.TlsAlpnDigest(token), critical, names)));

        Assert.Equal((1, 0), (flow.Ca.FailedValidations, flow.Ca.CertificatesIssued));
    }

    [Fact]
    public async Task Dns_01_and_dns_persist_01_are_looked_up_and_prove_wildcards()
    {
        await using var flow = await AcmeFlow.StartAsync(Connecting);

        await flow.IssueAsync(
            AcmeFlow.Request("*.example.com"), "dns-01", token => flow.Ca.SetTxt("_acme-challenge.example.com", "old", flow.Account.DnsTxtValue(token)));
        flow.Ca.SetTxt("_validation-persist.example.com", $"ca.test; accounturi={flow.Account.Location.OriginalString}; policy=wildcard");
        await flow.IssueAsync(AcmeFlow.Request("*.example.com"), "dns-persist-01");
        flow.Ca.SetTxt("_acme-challenge.example.com");
        var missing = await Assert.ThrowsAsync<AcmeException>(() => flow.IssueAsync(AcmeFlow.Request("*.example.com"), "dns-01"));

        Assert.Equal(("dns", 2), (missing.Problem?.Type, flow.Ca.CertificatesIssued));
    }
}
