using System.Net;
using System.Net.Security;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Tls;

/// <summary>Every suite that IANA has a number for, offered alone.</summary>
public sealed class CipherSuiteTests(TlsFixture tls)
{
    internal static readonly TlsCipherSuite[] Tls13 =
        [TlsCipherSuite.TLS_AES_128_GCM_SHA256, TlsCipherSuite.TLS_AES_256_GCM_SHA384, TlsCipherSuite.TLS_CHACHA20_POLY1305_SHA256];

    internal static readonly TlsCipherSuite[] Ecdsa =
    [
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    ];

    internal static readonly TlsCipherSuite[] Rsa =
    [
        TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        TlsCipherSuite.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ];

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task TLS_1_2_with_an_ECDSA_certificate_accepts_exactly_its_AEAD_suites(TestedEngine engine) =>
        Assert.Equal(Ecdsa.Order(), await AcceptedAsync(engine, new RawHello { ServerName = TlsFixture.Gateway }));

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task TLS_1_2_with_an_RSA_certificate_accepts_exactly_its_AEAD_suites(TestedEngine engine) =>
        Assert.Equal(Rsa.Order(), await AcceptedAsync(engine, new RawHello { ServerName = "rsa.test" }));

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task TLS_1_3_accepts_exactly_its_GCM_and_ChaCha20_suites(TestedEngine engine) =>
        Assert.Equal(Tls13.Order(), await AcceptedAsync(engine, RawHello.ForTls13(TlsFixture.Gateway)));

    async Task<IEnumerable<TlsCipherSuite>> AcceptedAsync(TestedEngine engine, RawHello hello)
    {
        var edge = await tls.EdgeAsync(engine);
        var accepted = new List<TlsCipherSuite>();
        foreach (var suite in Enum.GetValues<TlsCipherSuite>().Distinct())
        {
            if (await IsAcceptedAsync(edge.Https, hello with { CipherSuites = [(ushort)suite] }, suite)) accepted.Add(suite);
        }

        return accepted.Order();
    }

    static async Task<bool> IsAcceptedAsync(IPEndPoint server, RawHello hello, TlsCipherSuite suite)
    {
        var answer = await hello.SendAsync(server);
        if (answer.CipherSuite == (ushort)suite) return true;
        Assert.True(answer.IsFatalAlert(40), $"{suite}: {answer} instead of handshake_failure");
        return false;
    }
}
