using ImGateway.Edge.Certificates.Files;
using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Configuration;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Certificates;

/// <summary>
/// What is sound but not supported is said to be that, and neither damaged nor under another password; the command that the problem prints makes
/// of it what is supported.
/// </summary>
public sealed class UnsupportedFormatsTests : IDisposable
{
    const string Password = "pass word";

    static readonly string[] Accusations = ["damaged", "cannot be decrypted", "cannot be opened", "did not sign", "does not belong", "is missing"];

    readonly TemporaryDirectory _folder = new();
    readonly TestCa _ca = TestCa.Create("Unsupported Root", KeyType.RSA2048);
    readonly IssuedCertificate _issued;

    public UnsupportedFormatsTests() => _issued = _ca.Issue(["gateway.example.com"], KeyType.RSA2048);

    public void Dispose()
    {
        _issued.Dispose();
        _ca.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("scrypt", "-scrypt")]
    [InlineData("camellia-256-cbc", "-v2", "camellia-256-cbc")]
    [InlineData("hmacWithSHA224", "-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA224")]
    [InlineData("aes-256-cfb", "-v2", "aes-256-cfb")]
    [InlineData("pbeWithSHA1And128BitRC4", "-v1", "PBE-SHA1-RC4-128", "-provider", "legacy", "-provider", "default")]
    public async Task Key_under_another_encryption_is_converted(string named, params string[] encryption)
    {
        var file = _issued.WriteTo(_folder.Path) with { Password = new Secret(Password) };
        await OpenSsl.RunAsync(["pkcs8", "-topk8", "-in", file.Key!, "-passout", $"pass:{Password}", "-out", _folder["other.key"], .. encryption]);

        await HealsAsync(file with { Key = _folder["other.key"] }, named, mended => mended with { Key = _folder["NEW.key"] }, $"{Password}\n{Password}\n{Password}\n");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Key_for_RSA_PSS_is_converted_and_the_certificate_requested_anew(bool encrypted)
    {
        await OpenSsl.RunAsync("genpkey", "-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048", "-out", _folder["pss.key"]);
        await RequestAsync("pss.key");
        var file = await SignAsync("server.csr") with { Key = _folder["pss.key"], Password = new Secret(Password) };
        if (encrypted)
        {
            await OpenSsl.RunAsync("pkcs8", "-topk8", "-in", _folder["pss.key"], "-passout", $"pass:{Password}", "-out", _folder["encrypted.key"]);
            file = file with { Key = _folder["encrypted.key"] };
        }

        // 1. The key.
        await RunAsync(Unsupported(file, "RSA-PSS"), $"{Password}\n");
        // 2. The certificate, which says that it is for such a key.
        file = file with { Key = _folder["NEW.key"] };
        await RunAsync(Unsupported(file, "RSA-PSS"));

        Sound(await SignAsync("NEW.csr") with { Key = _folder["NEW.key"] });
    }

    [Fact]
    public async Task Encrypted_key_that_is_neither_RSA_nor_ECDSA_is_not_called_encrypted_otherwise()
    {
        var file = _issued.WriteTo(_folder.Path) with { Password = new Secret(Password), Key = _folder["ed.key"] };
        await OpenSsl.RunAsync("genpkey", "-algorithm", "ed25519", "-aes-256-cbc", "-pass", $"pass:{Password}", "-out", file.Key!);

        Unsupported(file, "neither RSA nor ECDSA");
    }

    [Fact]
    public void Encrypted_key_that_is_cut_off_is_damaged_and_not_under_another_password()
    {
        var file = _issued.WriteEncryptedTo(_folder.Path, Password);
        var pem = File.ReadAllText(file.Key!).Split('\n');
        File.WriteAllText(file.Key!, string.Join('\n', [.. pem[..4], .. pem.Where(line => line.StartsWith("-----END", StringComparison.Ordinal))]) + "\n");

        var problem = Assert.Single(Read(file).Problems);

        Assert.Equal("the private key is damaged", problem.Message);
    }

    [Theory]
    [InlineData("20")]
    [InlineData("max")]
    public async Task Self_signed_certificate_with_another_PSS_salt_is_signed_anew(string salt)
    {
        var file = _issued.WriteTo(_folder.Path);
        await OpenSsl.RunAsync(
            "req", "-x509", "-key", file.Key!, "-subj", "/CN=gateway.example.com", "-addext", "subjectAltName=DNS:gateway.example.com", "-sha256",
            "-sigopt", "rsa_padding_mode:pss", "-sigopt", $"rsa_pss_saltlen:{salt}", "-out", _folder["pss.crt"]);

        await HealsAsync(file with { Certificate = _folder["pss.crt"] }, "RSA-PSS", mended => mended with { Certificate = _folder["NEW.crt"] });
    }

    [Theory]
    [InlineData("rsa_pss_saltlen:20")]
    [InlineData("rsa_mgf1_md:sha512")]
    public async Task Certificate_that_a_CA_signed_with_other_PSS_parameters_is_requested_anew(string parameter)
    {
        var key = _issued.WriteTo(_folder.Path).Key;
        await RequestAsync("server.key");
        var file = await SignAsync("server.csr", "-sha256", "-sigopt", "rsa_padding_mode:pss", "-sigopt", parameter) with { Key = key };

        await RunAsync(Unsupported(file, "RSA-PSS"));

        Sound(await SignAsync("NEW.csr") with { Key = key });
    }

    [Theory]
    [InlineData("camellia-256-cbc", "-certpbe", "camellia-256-cbc", "-keypbe", "camellia-256-cbc")]
    [InlineData("sha3-256", "-macalg", "sha3-256")]
    public Task Pfx_under_another_encryption_is_converted(string named, params string[] encryption) => PfxAsync(ExternalTool.OpenSsl, named, encryption);

    [Fact]
    public Task Pfx_with_the_integrity_code_of_RFC_9579_is_converted() => PfxAsync(ExternalTool.NewOpenSsl, "PBMAC1", "-pbmac1_pbkdf2");

    async Task PfxAsync(string openssl, string named, params string[] encryption)
    {
        var file = _issued.WriteTo(_folder.Path);
        var made = await ExternalTool.RunAsync(
            openssl, ["pkcs12", "-export", "-in", file.Certificate, "-inkey", file.Key!, "-passout", $"pass:{Password}", "-out", _folder["other.pfx"], .. encryption]);
        Assert.True(made.ExitCode == 0, made.All);

        await HealsAsync(
            new CertificateFile { Certificate = _folder["other.pfx"], Password = new Secret(Password) }, named,
            _ => new CertificateFile { Certificate = _folder["NEW.pem"] }, $"{Password}\n");
    }

    async Task HealsAsync(CertificateFile ill, string named, Func<CertificateFile, CertificateFile> mend, string input = "")
    {
        await RunAsync(Unsupported(ill, named), input);
        Sound(mend(ill));
    }

    static CertificateProblem Unsupported(CertificateFile file, string named)
    {
        var problem = Assert.Single(Read(file).Problems);
        Assert.Contains(named, problem.Message, StringComparison.OrdinalIgnoreCase);
        Assert.All(Accusations, accusation => Assert.DoesNotContain(accusation, problem.Message, StringComparison.Ordinal));
        return problem;
    }

    async Task RunAsync(CertificateProblem problem, string input = "")
    {
        var said = await PastedCommand.RunAsync(PastedCommand.In(problem.ToString()), _folder.Path, input);
        Assert.True(said.ExitCode == 0, $"{problem}\n{said.All}");
    }

    static void Sound(CertificateFile file)
    {
        var reading = Read(file);
        Assert.Empty(reading.Problems);
        Assert.NotNull(reading.Credential);
    }

    static CertificateReading Read(CertificateFile file) => new CertificateFileReader([HostName.Parse("gateway.example.com")], TimeProvider.System).Read(file);

    Task RequestAsync(string key) => OpenSsl.RunAsync(
        "req", "-new", "-key", _folder[key], "-subj", "/", "-addext", "subjectAltName=DNS:gateway.example.com", "-out", _folder["server.csr"]);

    async Task<CertificateFile> SignAsync(string request, params string[] signature)
    {
        File.WriteAllText(_folder["CA.crt"], _ca.Pem);
        File.WriteAllText(_folder["CA.key"], _ca.KeyPem);
        await OpenSsl.RunAsync([
            "x509", "-req", "-in", _folder[request], "-copy_extensions", "copyall", "-CA", _folder["CA.crt"], "-CAkey", _folder["CA.key"], "-out", _folder["signed.crt"], .. signature]);
        return new CertificateFile { Certificate = _folder["signed.crt"], Chain = _folder["CA.crt"] };
    }
}
