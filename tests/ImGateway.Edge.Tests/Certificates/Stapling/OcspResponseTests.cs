using System.Security.Cryptography;
using ImGateway.Edge.Certificates.Stapling;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Certificates.Stapling;

public sealed class OcspResponseTests : IDisposable
{
    const string OcspSigning = "1.3.6.1.5.5.7.3.9";

    static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();

    readonly TestCa _root = TestCa.Create("Ocsp Root");
    readonly TestCa _ca;
    readonly TestCa _stranger = TestCa.Create("Stranger");
    readonly IssuedCertificate _issued;
    readonly OcspTarget _target;

    public OcspResponseTests()
    {
        _ca = _root.CreateIntermediate("Ocsp CA");
        _issued = _ca.Issue(new PkiLeaf { Hosts = ["gateway.test"], OcspResponders = ["http://ocsp.test/"] });
        _target = OcspTarget.Of(_issued.ToCredential("gateway.test"))!;
    }

    PkiOcspResponse Response => new(_issued.Leaf, _ca);

    [Theory]
    [InlineData(OcspStatus.Good)]
    [InlineData(OcspStatus.Revoked)]
    [InlineData(OcspStatus.Unknown)]
    public void A_response_of_the_issuer_is_believed(OcspStatus status)
    {
        var answer = Read(Response with { Status = status });
        Assert.Equal($"{status}", $"{answer.Status}");
        Assert.Equal(7, Math.Round((answer.NextUpdate - answer.ThisUpdate).TotalDays));
    }

    [Fact]
    public void A_response_of_whom_the_issuer_entrusted_with_it_is_believed()
    {
        using var signer = _ca.Issue(new PkiLeaf { Subject = "CN=Responder", Usages = [OcspSigning] });
        Assert.Equal(OcspCertificateStatus.Good, Read(Response with { Delegate = signer }).Status);
    }

    [Fact]
    public void No_other_responder_may_sign()
    {
        using var server = _ca.Issue(new PkiLeaf { Subject = "CN=Server" });
        using var strangers = _stranger.Issue(new PkiLeaf { Subject = "CN=Responder", Usages = [OcspSigning] });
        using var expired = _ca.Issue(new PkiLeaf { Subject = "CN=Responder", Usages = [OcspSigning], NotAfter = Now.AddHours(-2) });
        using var notDirectly = _root.Issue(new PkiLeaf { Subject = "CN=Responder", Usages = [OcspSigning] });
        foreach (var signer in (IssuedCertificate[])[server, strangers, expired, notDirectly])
        {
            AssertRefused("neither by the certificate's issuer", Response with { Delegate = signer });
        }

        AssertRefused("its signature is wrong", Response with { ForgedWithKey = _stranger.KeyPem });
        AssertRefused("too weak", Response with { Hash = HashAlgorithmName.SHA1 });
    }

    [Fact]
    public void It_must_be_about_this_certificate_and_of_now()
    {
        AssertRefused("about another certificate", Response with { SerialNumber = [0x01, 0x02] });
        AssertRefused("about another certificate", new PkiOcspResponse(_issued.Leaf, _stranger));
        AssertRefused("expired at", Response with { ThisUpdate = Now.AddDays(-8), NextUpdate = Now.AddSeconds(-1) });
        AssertRefused("of the future", Response with { ThisUpdate = Now.AddMinutes(6) });
        AssertRefused("ends before it begins", Response with { ThisUpdate = Now, NextUpdate = Now.AddDays(-1) });
        Read(Response with { ThisUpdate = Now.AddMinutes(4) });
    }

    [Fact]
    public void A_response_without_end_is_taken_for_an_hour()
    {
        var answer = Read(Response with { NextUpdate = null });
        Assert.Equal(TimeSpan.FromHours(1), answer.NextUpdate - answer.ThisUpdate);
    }

    [Fact]
    public void Errors_of_the_responder_are_reported_by_name()
    {
        Assert.Equal("it says TryLater", Refusal(PkiOcspResponse.Error(3)));
        Assert.Equal("it says Unauthorized", Refusal(PkiOcspResponse.Error(6)));
    }

    [Fact]
    public void Whatever_bytes_come_end_in_a_refusal()
    {
        var sound = Response.ToBytes();
        for (var length = 0; length < sound.Length; length++) Refusal(sound[..length]);
        for (var at = 0; at < sound.Length; at++)
        {
            byte[] bent = [.. sound];
            bent[at] ^= 0x41;
            try
            {
                OcspResponse.Read(bent, _target, Now);
                // What is not signed says nothing: the issuer's key and all facts are.
                Assert.True(at > 0);
            }
            catch (OcspException)
            {
                // As it should.
            }
        }

        Refusal([.. sound, 0x00]);
        Refusal("<html>404</html>"u8.ToArray());
    }

    public void Dispose()
    {
        _issued.Dispose();
        _stranger.Dispose();
        _ca.Dispose();
        _root.Dispose();
    }

    OcspAnswer Read(PkiOcspResponse response) => OcspResponse.Read(response.ToBytes(), _target, Now);

    void AssertRefused(string why, PkiOcspResponse response) => Assert.Contains(why, Refusal(response.ToBytes()));

    string Refusal(byte[] response) => Assert.Throws<OcspException>(() => OcspResponse.Read(response, _target, Now)).Message;
}
