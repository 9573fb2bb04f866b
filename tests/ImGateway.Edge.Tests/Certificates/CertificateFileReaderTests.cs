using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ImGateway.Edge.Certificates.Files;
using ImGateway.Edge.Configuration;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Certificates;

public sealed class CertificateFileReaderTests : IDisposable
{
    readonly TemporaryDirectory _folder = new();
    readonly TestCa _root = TestCa.Create("Reader Root");
    readonly TestCa _outer;
    readonly TestCa _inner;
    readonly IssuedCertificate _issued;

    public CertificateFileReaderTests()
    {
        _outer = _root.CreateIntermediate("Reader Outer");
        _inner = _outer.CreateIntermediate("Reader Inner", KeyType.P384);
        _issued = _inner.Issue("gateway.example.com", "192.0.2.1");
    }

    public void Dispose()
    {
        _issued.Dispose();
        _inner.Dispose();
        _outer.Dispose();
        _root.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Pem_with_its_whole_chain_is_read()
    {
        AssertWholeChain(Read(_issued.WriteTo(_folder.Path)));
    }

    [Fact]
    public void Names_are_those_of_the_san()
    {
        var reading = Read(_issued.WriteTo(_folder.Path));
        Assert.Equal(["gateway.example.com", "192.0.2.1"], reading.Credential!.Names.Select(name => name.Value));
    }

    [Theory]
    [InlineData(KeyType.P256)]
    [InlineData(KeyType.P384)]
    [InlineData(KeyType.RSA2048)]
    public void Every_key_type_signs_after_reading(KeyType keyType)
    {
        using var issued = _inner.Issue(["gateway.example.com"], keyType);
        var leaf = Read(issued.WriteTo(_folder.Path)).Credential!.Leaf;
        var signature = leaf.GetRSAPrivateKey()?.SignData([1], HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            ?? leaf.GetECDsaPrivateKey()!.SignData([1], HashAlgorithmName.SHA256);
        Assert.NotEmpty(signature);
    }

    [Fact]
    public void Issuers_in_any_order_are_put_in_order()
    {
        var pem = _root.Pem + _outer.Pem + _issued.LeafPem + _inner.Pem;
        var file = WriteBoth(pem, _issued.KeyPem);
        var reading = Read(file);
        AssertWholeChain(reading);
        Assert.Empty(reading.Warnings);
    }

    [Fact]
    public void Key_and_certificates_may_share_a_file()
    {
        var path = Write("all.pem", "a comment, ä\r\n" + _issued.KeyPem.ReplaceLineEndings("\r\n") + _issued.ChainPem);
        AssertWholeChain(Read(new CertificateFile { Certificate = path }));
        AssertWholeChain(Read(new CertificateFile { Certificate = path, Key = path }));
    }

    [Fact]
    public void Issuers_may_come_in_a_chain_file()
    {
        var file = WriteBoth(_issued.LeafPem, _issued.KeyPem) with { Chain = Write("chain.pem", _issued.IssuersPem) };
        AssertWholeChain(Read(file));
    }

    [Fact]
    public void Encrypted_key_is_read_with_password_or_password_file()
    {
        var file = _issued.WriteEncryptedTo(_folder.Path, "pass word");
        AssertWholeChain(Read(file));
        AssertWholeChain(Read(file with { Password = null, PasswordFile = Write("password", "pass word\n") }));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("secret")]
    public void Pfx_is_read(string? password)
    {
        AssertWholeChain(Read(_issued.WritePfxTo(_folder.Path, password)));
    }

    [Theory]
    [InlineData("ec", "-param_enc", "named_curve")]
    [InlineData("rsa", "-traditional")]
    public async Task Traditional_keys_are_read(string verb, params string[] more)
    {
        using var issued = _inner.Issue(["gateway.example.com"], verb == "ec" ? KeyType.P256 : KeyType.RSA2048);
        var file = issued.WriteTo(_folder.Path);
        await OpenSsl.RunAsync([verb, "-in", file.Key!, "-out", _folder["traditional.key"], .. more]);
        Assert.Contains($"BEGIN {verb.ToUpperInvariant()} PRIVATE KEY", File.ReadAllText(_folder["traditional.key"]));
        Assert.Empty(Read(file with { Key = _folder["traditional.key"] }).Problems);
    }

    [Fact]
    public void Unrelated_certificate_is_a_warning_and_not_sent()
    {
        using var stranger = TestCa.Create("Reader Stranger");
        var reading = Read(WriteBoth(stranger.Pem + _issued.ChainPem, _issued.KeyPem));
        AssertWholeChain(reading);
        Assert.Contains("Reader Stranger", Assert.Single(reading.Warnings).Message);
    }

    [Fact]
    public async Task Old_openssl_encryption_is_named_with_the_command_to_convert_it()
    {
        var file = _issued.WriteTo(_folder.Path);
        await OpenSsl.RunAsync("ec", "-in", file.Key!, "-aes128", "-passout", "pass:x", "-out", _folder["old.key"]);
        AssertProblem(Read(file with { Key = _folder["old.key"] }), "old.key", "OpenSSL's old format", "openssl pkcs8 -topk8");
    }

    [Fact]
    public void Encrypted_key_without_or_with_a_wrong_password_is_named()
    {
        var file = _issued.WriteEncryptedTo(_folder.Path, "right");
        AssertProblem(Read(file with { Password = null }), "server.key", "encrypted", "PasswordFile");
        AssertProblem(Read(file with { Password = new Secret("wrong") }), "server.key", "cannot be decrypted", "Password");
    }

    [Fact]
    public void Pfx_with_a_wrong_password_or_a_key_beside_it_is_named()
    {
        var file = _issued.WritePfxTo(_folder.Path, "right");
        AssertProblem(Read(file with { Password = null }), "server.pfx", "without a password", "PasswordFile");
        AssertProblem(Read(file with { Password = new Secret("wrong") }), "server.pfx", "cannot be opened", "Password");
        AssertProblem(Read(file with { Key = Write("server.key", _issued.KeyPem) }), "server.pfx", "holds its key itself", "remove Key");
    }

    [Fact]
    public void Key_of_another_certificate_is_named()
    {
        using var other = _inner.Issue("gateway.example.com");
        AssertProblem(Read(WriteBoth(_issued.LeafPem, other.KeyPem)), "server.key", "does not belong to the certificate", "openssl pkey");
        AssertProblem(Read(WriteBoth(_issued.ChainPem, other.KeyPem)), "server.key", "any of the 4 certificates", "openssl pkey");
    }

    [Fact]
    public async Task Key_that_is_neither_rsa_nor_ecdsa_is_named()
    {
        var file = _issued.WriteTo(_folder.Path);
        await OpenSsl.RunAsync("genpkey", "-algorithm", "ed25519", "-out", file.Key!);
        AssertProblem(Read(file), "server.key", "neither RSA nor ECDSA", "P256");
    }

    [Theory]
    [InlineData("", "is empty")]
    [InlineData("garbage\n", "holds no certificate")]
    [InlineData("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "damaged certificate")]
    public void Certificate_file_without_a_certificate_is_named(string content, string expected)
    {
        AssertProblem(Read(WriteBoth(content, _issued.KeyPem)), "server.crt", expected, "");
    }

    [Fact]
    public async Task Binary_forms_are_named_with_the_command_to_convert_them()
    {
        var file = _issued.WriteTo(_folder.Path);
        await OpenSsl.RunAsync("x509", "-in", file.Certificate, "-outform", "DER", "-out", _folder["server.der"]);
        await OpenSsl.RunAsync("crl2pkcs7", "-nocrl", "-certfile", file.Certificate, "-outform", "DER", "-out", _folder["server.p7b"]);
        await OpenSsl.RunAsync("pkey", "-in", file.Key!, "-outform", "DER", "-out", _folder["key.der"]);
        AssertProblem(Read(file with { Certificate = _folder["server.der"] }), "server.der", "DER", "openssl x509 -inform DER");
        AssertProblem(Read(file with { Certificate = _folder["server.p7b"] }), "server.p7b", "PKCS#7", "openssl pkcs7 -inform DER -print_certs");
        AssertProblem(Read(file with { Key = _folder["key.der"] }), "key.der", "DER", "openssl pkey -inform DER");
    }

    [Fact]
    public void Missing_files_are_all_named()
    {
        var file = new CertificateFile { Certificate = _folder["no.crt"], Key = _folder["no.key"], Chain = _folder["no", "chain.pem"], PasswordFile = _folder.Path };
        Assert.Equal(
            ["does not exist", "does not exist", "does not exist", "is a folder"],
            Read(file).Problems.Select(problem => problem.Message));
    }

    [Fact]
    public void Certificate_without_any_key_is_named()
    {
        AssertProblem(Read(new CertificateFile { Certificate = Write("lone.crt", _issued.ChainPem) }), "lone.crt", "no private key", "Key");
        AssertProblem(Read(WriteBoth(_issued.ChainPem, _issued.ChainPem)), "server.key", "no private key", "Key");
    }

    [Fact]
    public void Oversized_file_is_not_read()
    {
        var file = _issued.WriteTo(_folder.Path);
        File.WriteAllBytes(file.Certificate, new byte[FileContents.MaxBytes + 1]);
        AssertProblem(Read(file), "server.crt", "more than any certificate", "");
    }

    [Fact]
    public void Problems_never_show_password_or_key()
    {
        var file = _issued.WriteEncryptedTo(_folder.Path, "right") with { Password = new Secret("hunter2") };
        Assert.DoesNotContain("hunter2", string.Join('\n', Read(file).Problems) + file);
    }

    void AssertWholeChain(CertificateReading reading)
    {
        Assert.Empty(reading.Problems);
        Assert.Equal(_issued.SerialNumber, reading.Credential!.SerialNumber);
        Assert.True(reading.Credential.Leaf.HasPrivateKey);
        Assert.Equal(_issued.Issuers.Select(issuer => issuer.Thumbprint), reading.Credential.Issuers.Select(issuer => issuer.Thumbprint));
    }

    static void AssertProblem(CertificateReading reading, string file, string message, string remedy)
    {
        Assert.Null(reading.Credential);
        var problem = Assert.Single(reading.Problems);
        Assert.EndsWith(file, problem.File);
        Assert.Contains(message, problem.Message);
        Assert.Contains(remedy, problem.Remedy);
        Assert.DoesNotContain('\n', problem.ToString());
    }

    static CertificateReading Read(CertificateFile file) =>
        new CertificateFileReader([HostName.Parse("gateway.example.com")], TimeProvider.System).Read(file);

    CertificateFile WriteBoth(string certificate, string key) =>
        new() { Certificate = Write("server.crt", certificate), Key = Write("server.key", key) };

    string Write(string name, string content)
    {
        File.WriteAllText(_folder[name], content);
        return _folder[name];
    }
}
