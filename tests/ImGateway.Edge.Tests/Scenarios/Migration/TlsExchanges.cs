using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Migration;

/// <summary>Client hellos: versions, suites, names, protocols.</summary>
static class TlsExchanges
{
    /// <summary>With an RSA certificate.</summary>
    public static IEnumerable<Exchange> Rsa() =>
    [
        Hello("TLS 1.3, as most clients", RawHello.ForTls13(Side.Host)),
        .. from suite in (ushort[])[0x1301, 0x1302, 0x1303, 0x1304]
           select Hello($"TLS 1.3 with {Name(suite)} alone", RawHello.ForTls13(Side.Host) with { CipherSuites = [suite] }),
        Hello("TLS 1.3, ChaCha20 first", RawHello.ForTls13(Side.Host) with { CipherSuites = [0x1303, 0x1302, 0x1301] }),
        Hello("TLS 1.2, AES-256 first", new RawHello { ServerName = Side.Host, CipherSuites = [0xc030, 0xc02f] }),
        Hello("TLS 1.2, AES-128 first", new RawHello { ServerName = Side.Host, CipherSuites = [0xc02f, 0xc030] }).Shows(Differences.SuiteOrder),
        Hello("TLS 1.2, as most clients", new RawHello { ServerName = Side.Host }).Shows(Differences.SuiteOrder),
        .. from suite in (ushort[])[0xc02f, 0xc030, 0xcca8, 0xc027, 0xc013, 0x009c, 0x009e, 0x002f, 0x000a, 0x0005]
           select Hello($"TLS 1.2 with {Name(suite)} alone", new RawHello { ServerName = Side.Host, CipherSuites = [suite] }).Shows(suite == 0xcca8 ? [Differences.ChaCha20] : []),
        Hello("TLS 1.1", new RawHello { ServerName = Side.Host, LegacyVersion = RawHello.Tls11, CipherSuites = [0xc013, 0x002f] }),
        Hello("TLS 1.0", new RawHello { ServerName = Side.Host, LegacyVersion = RawHello.Tls10, CipherSuites = [0xc013, 0x002f] }),
        Hello("TLS 1.3 with another name", RawHello.ForTls13("other.example.com")).Shows(Differences.UnknownNames),
        Hello("TLS 1.3 without a name", RawHello.ForTls13()),
        Hello("TLS 1.2 with `h2` and `http/1.1`", new RawHello { ServerName = Side.Host, Alpn = ["h2", "http/1.1"] }).Shows(Differences.SuiteOrder),
        Hello("TLS 1.2 with `http/1.1` alone", new RawHello { ServerName = Side.Host, Alpn = ["http/1.1"] }).Shows(Differences.SuiteOrder),
        Hello("TLS 1.2 with `http/1.1` before `h2`", new RawHello { ServerName = Side.Host, Alpn = ["http/1.1", "h2"] }).Shows(Differences.SuiteOrder),
        Hello("TLS 1.2 with `xmpp-client` alone", new RawHello { ServerName = Side.Host, Alpn = ["xmpp-client"] }),
        Hello("TLS 1.2 with `http/1.0` alone", new RawHello { ServerName = Side.Host, Alpn = ["http/1.0"] }).Shows(Differences.Alpn),
        Exchange.Of("`GET /api` in plain text to port 443", async side =>
        {
            var plain = side with { Http = side.Https };
            return await plain.ExchangeAsync($"GET /api HTTP/1.1\r\nHost: {Side.Host}\r\n\r\n", plain: true);
        }).Shows(Differences.PlainOnHttps),
    ];

    /// <summary>With an ECDSA certificate, as certbot has ordered by default since 2.0.</summary>
    public static IEnumerable<Exchange> Ecdsa() =>
    [
        Hello("ECDSA certificate, TLS 1.3", RawHello.ForTls13(Side.Host)),
        Hello("ECDSA certificate, TLS 1.2", new RawHello { ServerName = Side.Host }).Shows(Differences.Ecdsa),
    ];

    static Exchange Hello(string name, RawHello hello) => Exchange.Of(name, async side =>
    {
        var answer = await hello.SendAsync(side.Https);
        if (answer.Alert is { } alert) return new Observation($"alert {alert}");
        if (answer.Version is null) return new Observation(answer.ToString());
        var notes = answer.Certificates.Count == 0 ? "" : $"{answer.Certificates.Count} certificates";
        return new Observation($"{(answer.Version == RawHello.Tls13 ? "TLSv1.3" : "TLSv1.2")} {Name(answer.CipherSuite!.Value)}") { Notes = [notes, answer.Alpn ?? ""] };
    });

    static string Name(ushort suite) => ((System.Net.Security.TlsCipherSuite)suite).ToString();
}
