using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ImGateway.Edge.Certificates.Files;
using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls.SslStream;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Certificates;

/// <summary>Issue 16 §2: names of issuers compare as OpenSSL compares them, because clients do.</summary>
public sealed class IssuerNameTests : IDisposable
{
    readonly TemporaryDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("Corporate CA", UniversalTagNumber.PrintableString, "Corporate CA", UniversalTagNumber.UTF8String, true)]
    [InlineData("Corporate CA", UniversalTagNumber.UTF8String, "CORPORATE ca", UniversalTagNumber.PrintableString, true)]
    [InlineData("Corporate CA", UniversalTagNumber.BMPString, "  Corporate   CA ", UniversalTagNumber.IA5String, true)]
    [InlineData("Büro CA", UniversalTagNumber.T61String, "Büro ca", UniversalTagNumber.UTF8String, true)]
    [InlineData("Büro CA", UniversalTagNumber.BMPString, "BÜRO CA", UniversalTagNumber.UTF8String, false)]
    [InlineData("Corporate CA", UniversalTagNumber.UTF8String, "CorporateCA", UniversalTagNumber.UTF8String, false)]
    [InlineData("2026", UniversalTagNumber.NumericString, "2026", UniversalTagNumber.UTF8String, false)]
    public async Task Names_are_equal_where_openssl_says_so(string subject, UniversalTagNumber subjectType, string issuer, UniversalTagNumber issuerType, bool equal)
    {
        using var caKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var ca = Certificate(Name(subject, subjectType), Name(subject, subjectType), caKey, caKey, isCa: true);
        using var leafKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var leaf = Certificate(Name("leaf", UniversalTagNumber.UTF8String), Name(issuer, issuerType), leafKey, caKey, isCa: false);
        File.WriteAllText(_folder["ca.pem"], ca.ExportCertificatePem());
        File.WriteAllText(_folder["leaf.pem"], leaf.ExportCertificatePem());

        Assert.Equal(equal, (await OpenSsl.TryRunAsync("verify", "-CAfile", _folder["ca.pem"], _folder["leaf.pem"])).ExitCode == 0);
        Assert.Equal(equal, leaf.IsIssuedBy(ca));
        if (!equal) return;

        // It is served, too.
        var file = new CertificateFile { Certificate = _folder["leaf.pem"], Key = _folder["leaf.key"], Chain = _folder["ca.pem"] };
        File.WriteAllText(file.Key, leafKey.ExportPkcs8PrivateKeyPem());
        var reading = new CertificateFileReader([HostName.Parse("gateway.test")], TimeProvider.System).Read(file);
        Assert.Empty(reading.Problems);
        Assert.Empty(reading.Warnings);
        SslStreamContext.CreateCertificateContext(reading.Credential!);
    }

    [Fact]
    public void Order_and_number_of_the_parts_count()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var ca = Certificate(new X500DistinguishedName("CN=CA, O=Example"), new X500DistinguishedName("CN=CA, O=Example"), key, key, isCa: true);
        Assert.True(Signed("CN=ca, O=EXAMPLE"));
        Assert.False(Signed("O=Example, CN=CA"));
        Assert.False(Signed("CN=CA"));
        Assert.False(Signed("CN=CA, OU=Example"));

        bool Signed(string issuer)
        {
            using var leaf = Certificate(new X500DistinguishedName("CN=leaf"), new X500DistinguishedName(issuer), key, key, isCa: false);
            return leaf.IsIssuedBy(ca);
        }
    }

    static X500DistinguishedName Name(string text, UniversalTagNumber type)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        using (writer.PushSetOf())
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier("2.5.4.3");
            if (type is UniversalTagNumber.NumericString or UniversalTagNumber.PrintableString or UniversalTagNumber.IA5String or UniversalTagNumber.UTF8String or UniversalTagNumber.BMPString)
                writer.WriteCharacterString(type, text);
            else
                // Latin-1, as OpenSSL reads it; .NET writes it otherwise.
                writer.WriteEncodedValue([(byte)type, (byte)text.Length, .. System.Text.Encoding.Latin1.GetBytes(text)]);
        }

        return new X500DistinguishedName(writer.Encode());
    }

    static X509Certificate2 Certificate(X500DistinguishedName subject, X500DistinguishedName issuer, ECDsa key, ECDsa signer, bool isCa)
    {
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isCa, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(isCa ? X509KeyUsageFlags.KeyCertSign : X509KeyUsageFlags.DigitalSignature, critical: true));
        if (!isCa)
        {
            var names = new SubjectAlternativeNameBuilder();
            names.AddDnsName("gateway.test");
            request.CertificateExtensions.Add(names.Build());
        }

        var now = TimeProvider.System.GetUtcNow();
        return request.Create(issuer, X509SignatureGenerator.CreateForECDsa(signer), now.AddHours(-1), now.AddDays(30), RandomNumberGenerator.GetBytes(8));
    }
}
