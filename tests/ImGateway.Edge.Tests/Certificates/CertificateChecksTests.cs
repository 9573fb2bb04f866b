using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Certificates;

public sealed class CertificateChecksTests : IDisposable
{
    static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();

    readonly TestCa _root = TestCa.Create("Checks Root");
    readonly TestCa _intermediate;
    readonly List<IDisposable> _issued = [];

    public CertificateChecksTests() => _intermediate = _root.CreateIntermediate("Checks Intermediate");

    public void Dispose()
    {
        foreach (var issued in _issued) issued.Dispose();
        _intermediate.Dispose();
        _root.Dispose();
    }

    static PkiLeaf Sound => new() { Hosts = ["gateway.example.com"] };

    [Fact]
    public void Sound_certificate_has_no_problem()
    {
        Assert.Empty(Problems(Issue(Sound)));
    }

    [Fact]
    public void Rsa_below_2048_bits_is_refused()
    {
        using var key = RSA.Create(1024);
        AssertOne(Problems(Issue(Sound with { Key = key })), "RSA key of 1024 bits", "P256");
    }

    [Theory]
    [InlineData("secp224r1")]
    [InlineData("secp256k1")]
    [InlineData("brainpoolP256r1")]
    public void Curves_that_clients_do_not_have_are_refused(string curve)
    {
        using var key = ECDsa.Create(ECCurve.CreateFromFriendlyName(curve));
        AssertOne(Problems(Issue(Sound with { Key = key })), "curve", "P256");
    }

    [Fact]
    public async Task Curve_with_explicit_parameters_is_refused()
    {
        using var folder = new TemporaryDirectory();
        await OpenSsl.RunAsync("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-param_enc", "explicit", "-out", folder["key"]);
        await OpenSsl.RunAsync("req", "-x509", "-new", "-key", folder["key"], "-subj", "/", "-addext", "subjectAltName=DNS:gateway.example.com", "-out", folder["crt"]);
        using var certificate = X509CertificateLoader.LoadCertificateFromFile(folder["crt"]);
        Assert.Contains(Problems(CertificateChain.Order(certificate, [], Now)), problem => problem.Message.Contains("explicit parameters"));
    }

    [Fact]
    public void Weak_key_of_an_issuer_is_refused_unless_it_is_the_root_that_clients_have()
    {
        using var rootKey = RSA.Create(1024);
        using var root = TestCa.Create("Checks Weak Root", rootKey);
        Assert.Empty(Problems(Chain(root.Issue(Sound), root)));
        using var intermediateKey = RSA.Create(1024);
        using var intermediate = _root.CreateIntermediate("Checks Weak", intermediateKey);
        AssertOne(Problems(Chain(intermediate.Issue(Sound), intermediate)), "issuer 'CN=Checks Weak' has an RSA key of 1024 bits", "stronger keys");
    }

    [Fact]
    public void Expired_certificate_is_refused()
    {
        AssertOne(Problems(Issue(Sound with { NotAfter = Now.AddMinutes(-1) })), "expired at", "renew");
    }

    [Fact]
    public void Not_yet_valid_certificate_is_warned_of_beyond_five_minutes_of_skew()
    {
        Assert.Empty(CertificateChecks.Early("server.crt", Issue(Sound with { NotBefore = Now.AddMinutes(4) }), Now));
        var early = Issue(Sound with { NotBefore = Now.AddMinutes(6) });
        Assert.Empty(Problems(early));
        AssertOne([.. CertificateChecks.Early("server.crt", early, Now)], "not valid before", "clock");
    }

    [Fact]
    public void Expired_intermediate_is_refused()
    {
        using var old = _root.CreateIntermediate("Checks Old", notBefore: Now.AddYears(-3), notAfter: Now.AddDays(-1));
        AssertOne(Problems(Chain(old.Issue(Sound), old)), "issuer 'CN=Checks Old' expired", "current one");
    }

    [Fact]
    public void Common_name_alone_is_warned_of()
    {
        var bare = Issue(Sound with { Hosts = [], Subject = "CN=gateway.example.com" });
        Assert.Empty(Problems(bare));
        AssertOne([.. Checks().Warnings("server.crt", bare, Now)], "browsers refuse it", "openssl req");
        AssertOne(Problems(Issue(Sound with { Hosts = [], Subject = "CN=An Example" })), "no host name in its SAN", "openssl req");
    }

    [Fact]
    public void Certificate_for_other_names_is_refused()
    {
        AssertOne(Problems(Issue(Sound with { Hosts = ["other.example.com"] })), "covers none of the configured hosts", "Hosts");
    }

    [Fact]
    public void Wildcard_covers_one_label()
    {
        Assert.Empty(Problems(Issue(Sound with { Hosts = ["*.example.com"] })));
        AssertOne(Problems(Issue(Sound with { Hosts = ["*.gateway.example.com"] })), "covers none", "");
    }

    [Fact]
    public void Certificate_of_a_ca_is_no_server_certificate_unless_self_signed()
    {
        AssertOne(Problems(Issue(Sound with { IsCa = true })), "of a CA", "server's certificate");
        Assert.Empty(Problems(CertificateChain.Order(Keep(TestCa.SelfSigned(Sound with { IsCa = true })).Leaf, [], Now)));
    }

    [Fact]
    public void Certificate_for_clients_only_is_refused()
    {
        AssertOne(Problems(Issue(Sound with { Usages = [PkiLeaf.ClientAuth] })), "not for TLS servers", "serverAuth");
        Assert.Empty(Problems(Issue(Sound with { Usages = [] })));
    }

    [Fact]
    public void Sha1_signature_is_refused()
    {
        using var ca = _root.CreateIntermediate("Checks RSA", KeyType.RSA2048);
        Assert.Empty(Problems(Chain(ca.Issue(Sound), ca)));
        AssertOne(Problems(Chain(ca.Issue(Sound with { Hash = HashAlgorithmName.SHA1 }), ca)), "signed with SHA1", "SHA-256");
    }

    [Fact]
    public async Task Md5_signature_is_refused()
    {
        using var folder = new TemporaryDirectory();
        await OpenSsl.RunAsync("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-md5", "-subj", "/", "-keyout", folder["key"], "-addext", "subjectAltName=DNS:gateway.example.com", "-out", folder["crt"]);
        using var certificate = X509CertificateLoader.LoadCertificateFromFile(folder["crt"]);
        AssertOne(Problems(CertificateChain.Order(certificate, [], Now)), "signed with MD5", "SHA-256");
    }

    [Fact]
    public async Task Pss_signatures_link_a_chain()
    {
        using var folder = new TemporaryDirectory();
        await OpenSsl.RunAsync("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=pss", "-keyout", folder["ca.key"], "-out", folder["ca.crt"],
            "-sha384", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:-1");
        using var certificate = X509CertificateLoader.LoadCertificateFromFile(folder["ca.crt"]);
        Assert.True(certificate.IsSelfSigned());
        Assert.Equal(HashAlgorithmName.SHA384, certificate.SignedBy().Hash);
    }

    [Fact]
    public void Lone_leaf_is_unverified_unless_the_machine_knows_its_root()
    {
        var chain = CertificateChain.Order(Keep(_root.Issue(Sound)).Leaf, [], Now);
        Assert.Empty(Problems(chain));
        Assert.Equal(ChainState.Unverified, Checks().StateOf(chain));
        Assert.Equal(ChainState.Complete, Checks(leaf => leaf.IsIssuedBy(_root.Certificate)).StateOf(chain));
    }

    [Fact]
    public void Chain_is_complete_where_the_machine_knows_the_issuer_of_any_link()
    {
        using var elsewhere = TestCa.Create("Checks Elsewhere");
        using var outer = elsewhere.CreateIntermediate("Checks Outer");
        using var inner = outer.CreateIntermediate("Checks Inner");
        var chain = Chain(inner.Issue(Sound), inner, outer);
        Assert.Equal(ChainState.Incomplete, Checks().StateOf(chain));
        Assert.Equal(ChainState.Complete, Checks(each => each.Subject == "CN=Checks Inner").StateOf(chain));
        Assert.Equal(ChainState.Complete, Checks().StateOf(Chain(inner.Issue(Sound), inner, outer, elsewhere)));
        Assert.Equal(ChainState.Complete, Checks().StateOf(CertificateChain.Order(Keep(TestCa.SelfSigned(Sound)).Leaf, [], Now)));
    }

    [Fact]
    public void Lone_leaf_is_fine_where_the_root_is_delivered_with_it()
    {
        Assert.Empty(Problems(Chain(_root.Issue(Sound), _root)));
    }

    [Fact]
    public void Issuer_of_the_right_name_and_the_wrong_key_does_not_link()
    {
        using var impostor = TestCa.Create("Checks Intermediate");
        AssertOne(Problems(Chain(_intermediate.Issue(Sound), impostor)), "does not link", "CA that did");
    }

    [Fact]
    public void Impostor_beside_the_true_issuer_is_only_unrelated()
    {
        using var impostor = TestCa.Create("Checks Intermediate");
        var chain = Chain(_intermediate.Issue(Sound), impostor, _intermediate);
        Assert.Empty(Problems(chain));
        Assert.Equal(impostor.Certificate, Assert.Single(chain.Unrelated));
    }

    [Fact]
    public void Tampered_certificate_is_not_issued_by_its_issuer()
    {
        var raw = Keep(_intermediate.Issue(Sound)).Leaf.RawData;
        raw[^1] ^= 1;
        using var tampered = X509CertificateLoader.LoadCertificate(raw);
        Assert.False(tampered.IsIssuedBy(_intermediate.Certificate));
    }

    [Fact]
    public void Machine_roots_do_not_vouch_for_a_test_ca()
    {
        Assert.False(new MachineRoots().Trusts(Keep(_root.Issue(Sound)).Leaf));
    }

    [Fact]
    public void Every_problem_is_reported_at_once()
    {
        using var key = RSA.Create(1024);
        var leaf = Sound with { Key = key, Hosts = ["other.example.com"], NotAfter = Now.AddDays(-1), Usages = [PkiLeaf.ClientAuth] };
        Assert.Equal(4, Problems(Issue(leaf)).Count);
    }

    CertificateChain Issue(PkiLeaf leaf) => Chain(_intermediate.Issue(leaf), _intermediate);

    CertificateChain Chain(IssuedCertificate issued, params TestCa[] issuers) =>
        CertificateChain.Order(Keep(issued).Leaf, issuers.Select(issuer => issuer.Certificate), Now);

    IssuedCertificate Keep(IssuedCertificate issued)
    {
        _issued.Add(issued);
        return issued;
    }

    static CertificateChecks Checks(Func<X509Certificate2, bool>? isKnown = null) => new([HostName.Parse("gateway.example.com")], isKnown ?? (_ => false));

    static List<CertificateProblem> Problems(CertificateChain chain) => [.. Checks().Problems("server.crt", chain, Now)];

    static void AssertOne(List<CertificateProblem> problems, string message, string remedy)
    {
        var problem = Assert.Single(problems);
        Assert.Equal("server.crt", problem.File);
        Assert.Contains(message, problem.Message);
        Assert.Contains(remedy, problem.Remedy);
    }
}
