using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ImGateway.Edge.Certificates.Files;
using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls.SslStream;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Certificates;

/// <summary>Issue 16 §2: which of the certificates in a file are sent, and which may be left out.</summary>
public sealed class ChainChoiceTests : IDisposable
{
    const string Host = "gateway.test";

    static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();

    readonly TemporaryDirectory _folder = new();
    readonly List<IDisposable> _owned = [];
    readonly ECDsa _rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    readonly TestCa _root;
    readonly TestCa _inner;
    readonly TestCa _oldRoot;
    readonly IssuedCertificate _issued;

    public ChainChoiceTests()
    {
        _root = Own(TestCa.Create("Choice Root", _rootKey));
        _oldRoot = Own(TestCa.Create("Choice Old Root", KeyType.RSA2048));
        _inner = Own(_root.CreateIntermediate("Choice Inner"));
        _issued = Own(_inner.Issue(Host));
    }

    public void Dispose()
    {
        foreach (var owned in _owned.AsEnumerable().Reverse()) owned.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task An_expired_extra_issuer_above_a_root_of_the_machine_is_left_out()
    {
        File.WriteAllText(_folder["roots.pem"], _root.Pem);
        await using var edge = await EdgeProcess.StartAsync(new EdgeSetup
        {
            Hosts = [Host],
            Files = [Write(_issued.LeafPem + _inner.Pem + Cross(Expired).Pem)],
            Environment = new Dictionary<string, string> { ["SSL_CERT_FILE"] = _folder["roots.pem"] },
        });
        var shown = await new RawHello { ServerName = Host }.SendAsync(edge.Https);
        Assert.Equal([_issued.SerialNumber, _inner.Certificate.SerialNumber], shown.Certificates.Select(certificate => certificate.SerialNumber));
        Assert.Contains(edge.Log.Lines, line => line["@l"] == "Warning" && line.Message.Contains("'CN=Choice Root' expired", StringComparison.Ordinal) && line.Message.Contains("is not sent", StringComparison.Ordinal));
        Assert.Equal(1, (await edge.GetMetricsAsync()).Sum("imgw_certificate_chain_state", ("host", Host), ("state", "complete")));
    }

    [Fact]
    public void Of_a_root_and_its_cross_signed_twin_the_twin_is_sent_in_whatever_order_they_come()
    {
        var cross = Cross();
        foreach (var more in (string[])[_root.Pem + cross.Pem, cross.Pem + _root.Pem])
        {
            var reading = Read(_issued.LeafPem + _inner.Pem + more);
            AssertSent(reading, _inner, cross);
            Assert.Empty(reading.Warnings);
            // What is stored is read again, and the root keeps the chain complete.
            Assert.Contains(_root.Certificate, reading.Credential!.Delivered);
            SslStreamContext.CreateCertificateContext(reading.Credential);
        }
    }

    [Fact]
    public async Task A_client_is_shown_the_twin_also_after_a_restart()
    {
        var cross = Cross();
        var setup = new EdgeSetup
        {
            Hosts = [Host],
            Files = [Write(_issued.LeafPem + _inner.Pem + _root.Pem + cross.Pem)],
            Settings = new Dictionary<string, System.Text.Json.Nodes.JsonNode?> { ["DataDirectory"] = _folder["data"] },
        };
        for (var start = 0; start < 2; start++)
        {
            await using var edge = await EdgeProcess.StartAsync(setup);
            var shown = await new RawHello { ServerName = Host }.SendAsync(edge.Https);
            Assert.Equal([_issued.SerialNumber, _inner.Certificate.SerialNumber, cross.Certificate.SerialNumber], shown.Certificates.Select(certificate => certificate.SerialNumber));
            Assert.Equal(0, await edge.StopAsync(TimeSpan.FromSeconds(60)));
        }
    }

    [Fact]
    public void An_expired_twin_gives_way_to_the_root()
    {
        AssertSent(Read(_issued.LeafPem + _inner.Pem + Cross(Expired).Pem + _root.Pem), _inner);
    }

    [Fact]
    public void An_issuer_that_has_expired_gives_way_to_its_successor_with_the_same_key()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var old = Own(_root.CreateIntermediate("Choice Renewed", key, Now.AddYears(-3), Now.AddDays(-1)));
        var renewed = Own(_root.CreateIntermediate("Choice Renewed", key));
        using var issued = renewed.Issue(Host);
        var reading = Read(issued.LeafPem + old.Pem + renewed.Pem, issued);
        AssertSent(reading, renewed);
    }

    [Theory]
    [InlineData("expired")]
    [InlineData("weak")]
    [InlineData("signed by another key")]
    public void An_extra_issuer_that_clients_would_refuse_is_left_out_where_the_one_before_is_known(string fault)
    {
        using var weakKey = RSA.Create(1024);
        var extra = fault switch
        {
            "expired" => Cross(Expired),
            "weak" => Own(TestCa.Create("Choice Far Root")).CreateIntermediate("Choice Root", _rootKey),
            _ => Own(TestCa.Create("Choice Root")),
        };
        var more = extra.Pem;
        if (fault == "weak")
        {
            // Above a twin that is sound: its issuer is weak, and one more follows.
            var weak = Own(Own(TestCa.Create("Choice Farthest Root")).CreateIntermediate("Choice Weak", weakKey));
            extra = Own(weak.CreateIntermediate("Choice Root", _rootKey));
            more = extra.Pem + weak.Pem;
        }

        var reading = Read(_issued.LeafPem + _inner.Pem + more, isKnown: certificate => certificate.IsIssuedBy(_root.Certificate));
        Assert.Empty(reading.Problems);
        Assert.Equal(fault == "weak" ? 2 : 1, reading.Credential!.Issuers.Count);
        Assert.Contains("is not sent", Assert.Single(reading.Warnings).Message, StringComparison.Ordinal);

        // Where nothing below it is known, clients need it.
        Assert.NotEmpty(Read(_issued.LeafPem + _inner.Pem + more).Problems);
    }

    [Fact]
    public void The_leaf_and_what_clients_need_are_never_left_out()
    {
        using var expired = _inner.Issue([Host], notAfter: Now.AddDays(-1));
        Assert.NotEmpty(Read(expired.LeafPem + _inner.Pem, expired, _ => true).Problems);
        var old = Own(_root.CreateIntermediate("Choice Expired", notBefore: Now.AddYears(-3), notAfter: Now.AddDays(-1)));
        using var issued = old.Issue(Host);
        Assert.NotEmpty(Read(issued.LeafPem + old.Pem, issued, certificate => certificate.IsIssuedBy(_root.Certificate)).Problems);
    }

    static DateTimeOffset Expired => Now.AddDays(-1);

    /// <summary>The root's key and name, signed by the root before it.</summary>
    TestCa Cross(DateTimeOffset? notAfter = null) => Own(_oldRoot.CreateIntermediate("Choice Root", _rootKey, Now.AddYears(-3), notAfter));

    void AssertSent(CertificateReading reading, params TestCa[] issuers)
    {
        Assert.Empty(reading.Problems);
        Assert.Equal(issuers.Select(issuer => issuer.Certificate.Thumbprint), reading.Credential!.Issuers.Select(issuer => issuer.Thumbprint));
    }

    CertificateReading Read(string pem, IssuedCertificate? issued = null, Func<X509Certificate2, bool>? isKnown = null) =>
        new CertificateFileReader(new CertificateChecks([HostName.Parse(Host)], isKnown ?? (_ => false)), TimeProvider.System).Read(Write(pem, issued));

    CertificateFile Write(string pem, IssuedCertificate? issued = null)
    {
        var file = new CertificateFile { Certificate = _folder["server.crt"], Key = _folder["server.key"] };
        File.WriteAllText(file.Key, (issued ?? _issued).KeyPem);
        File.WriteAllText(file.Certificate, pem);
        return file;
    }

    T Own<T>(T owned)
        where T : IDisposable
    {
        _owned.Add(owned);
        return owned;
    }
}
