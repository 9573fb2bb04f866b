using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ImGateway.Acme.Tests;

public sealed class CertificateIdTests
{
    // RFC 9773 §4.1
    static readonly byte[] KeyIdentifier = Convert.FromHexString("69885B6B87464041E1B37B847BA0AE2CDE01C8D4");

    [Fact]
    public void The_example_of_RFC_9773_has_its_name()
    {
        using var certificate = Create([0x00, 0x87, 0x65, 0x43, 0x21], X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier(KeyIdentifier));
        Assert.Equal("aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE", CertificateId.Of(certificate));
    }

    [Fact]
    public void A_serial_number_without_high_bit_has_no_zero_before_it()
    {
        using var certificate = Create([0x12, 0x34], X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier(KeyIdentifier));
        Assert.Equal("aYhba4dGQEHhs3uEe6CuLN4ByNQ.EjQ", CertificateId.Of(certificate));
    }

    [Fact]
    public void A_certificate_that_does_not_say_who_issued_it_has_none()
    {
        using var without = Create([0x12], extension: null);
        using var broken = Create([0x12], new X509Extension("2.5.29.35", [0x30, 0x7F], critical: false));
        Assert.Null(CertificateId.Of(without));
        Assert.Null(CertificateId.Of(broken));
    }

    static X509Certificate2 Create(byte[] serial, X509Extension? extension)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=leaf", key, HashAlgorithmName.SHA256);
        if (extension is not null) request.CertificateExtensions.Add(extension);
        var now = TimeProvider.System.GetUtcNow();
        return request.Create(new X500DistinguishedName("CN=ca"), X509SignatureGenerator.CreateForECDsa(key), now, now.AddDays(1), serial);
    }
}
