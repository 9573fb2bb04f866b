using System.Text.Json.Nodes;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Tls;

/// <summary>Which certificate a hello gets. Asked in TLS 1.2, where the certificate is in plain sight.</summary>
public sealed class NameTests(TlsFixture tls)
{
    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Each_name_gets_its_own_certificate(TestedEngine engine)
    {
        var edge = await tls.EdgeAsync(engine);
        var rsa = new RawHello { ServerName = "rsa.test" };

        Assert.Equal(tls.Default.SerialNumber, Serial(await new RawHello { ServerName = TlsFixture.Gateway }.SendAsync(edge.Https)));
        Assert.Equal(tls.Rsa.SerialNumber, Serial(await rsa.SendAsync(edge.Https)));
        Assert.Equal(tls.Rsa.SerialNumber, Serial(await (rsa with { ServerName = "RSA.Test" }).SendAsync(edge.Https)));
        Assert.Equal(tls.Wildcard.SerialNumber, Serial(await new RawHello { ServerName = "any.wild.test" }.SendAsync(edge.Https)));
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_hello_cut_into_two_records_anywhere_reaches_its_certificate(TestedEngine engine)
    {
        var edge = await tls.EdgeAsync(engine);
        var hello = new RawHello { ServerName = "rsa.test", Alpn = ["h2", "http/1.1"] };

        for (var cut = 1; cut < hello.ToMessage().Length; cut++)
        {
            var answer = await RawHello.SendAsync(edge.Https, [hello.ToRecords(cut)]);

            Assert.True(Serial(answer) == tls.Rsa.SerialNumber, $"cut at {cut}: {answer}");
        }
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_hello_in_segments_of_one_byte_reaches_its_certificate(TestedEngine engine)
    {
        var edge = await tls.EdgeAsync(engine);
        var hello = new RawHello { ServerName = "rsa.test" };

        var oneRecord = await RawHello.SendAsync(edge.Https, hello.ToRecords().Select(b => (byte[])[b]));
        var manyRecords = await RawHello.SendAsync(edge.Https, hello.ToRecords([.. Enumerable.Range(1, hello.ToMessage().Length - 1)]).Select(b => (byte[])[b]));

        Assert.Equal(tls.Rsa.SerialNumber, Serial(oneRecord));
        Assert.Equal(tls.Rsa.SerialNumber, Serial(manyRecords));
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_hello_of_several_kilobytes_reaches_its_certificate(TestedEngine engine)
    {
        var edge = await tls.EdgeAsync(engine);
        // RFC 7685 padding: as large as a hello with two post-quantum key shares, and beyond one read of 4 KiB.
        var hello = new RawHello { ServerName = "rsa.test", MoreExtensions = [(21, new byte[6000])] };

        Assert.Equal(tls.Rsa.SerialNumber, Serial(await hello.SendAsync(edge.Https)));
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_hello_without_a_name_gets_the_address_it_came_to(TestedEngine engine)
    {
        var edge = await tls.EdgeAsync(engine);

        // 127.0.0.1 is one of the hosts: clients that connect to an address send no name (RFC 6066 §3).
        Assert.Equal(tls.Default.SerialNumber, Serial(await new RawHello().SendAsync(edge.Https)));
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_hello_without_a_name_gets_the_first_host_else(TestedEngine engine)
    {
        await using var edge = await EdgeProcess.StartAsync(tls.Setup(engine, "rsa.test", TlsFixture.Gateway));

        Assert.Equal(tls.Rsa.SerialNumber, Serial(await new RawHello().SendAsync(edge.Https)));
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_hello_without_a_name_gets_the_default_host_where_configured(TestedEngine engine)
    {
        await using var edge = await StartAsync(engine, "Tls:DefaultHost", "rsa.test");

        Assert.Equal(tls.Rsa.SerialNumber, Serial(await new RawHello().SendAsync(edge.Https)));
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task An_unknown_name_gets_alert_unrecognized_name(TestedEngine engine)
    {
        var edge = await tls.EdgeAsync(engine);
        foreach (var name in (string[])["unknown.test", "sub.gateway.test", "deep.below.wild.test", "wild.test", "test", "."])
        {
            foreach (var hello in (RawHello[])[new RawHello { ServerName = name }, RawHello.ForTls13(name)])
            {
                var answer = await hello.SendAsync(edge.Https);

                Assert.True(answer.IsFatalAlert(112), $"{name}: {answer}");
            }
        }
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task An_unknown_name_gets_the_default_certificate_where_configured(TestedEngine engine)
    {
        await using var edge = await StartAsync(engine, "Tls:UnknownNames", "Default");

        Assert.Equal(tls.Default.SerialNumber, Serial(await new RawHello { ServerName = "unknown.test" }.SendAsync(edge.Https)));
        Assert.Equal(tls.Rsa.SerialNumber, Serial(await new RawHello { ServerName = "rsa.test" }.SendAsync(edge.Https)));
    }

    Task<EdgeProcess> StartAsync(TestedEngine engine, string key, string value) =>
        EdgeProcess.StartAsync(tls.Setup(engine, TlsFixture.Gateway, "rsa.test") with { Settings = new Dictionary<string, JsonNode?> { [key] = value } });

    static string Serial(HelloAnswer answer)
    {
        Assert.True(answer.Certificates.Count > 0, answer.ToString());
        return answer.Certificates[0].SerialNumber;
    }
}
