using ImGateway.Edge.Certificates.Files;
using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Configuration;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Certificates;

/// <summary>
/// Every command that a problem of a certificate file prints, run as printed: what it makes is what the edge asked for. The folder has a name
/// that a shell would split.
/// </summary>
public sealed class RemedyTests : IDisposable
{
    const string Password = "pass word";

    readonly TemporaryDirectory _root = new();
    readonly string _folder;
    readonly TestCa _ca = TestCa.Create("Remedy Root", KeyType.RSA2048);
    readonly IssuedCertificate _issued;

    public RemedyTests()
    {
        _folder = Directory.CreateDirectory(_root["it's a folder"]).FullName;
        _issued = _ca.Issue(["gateway.example.com"], KeyType.RSA2048);
    }

    public void Dispose()
    {
        _issued.Dispose();
        _ca.Dispose();
        _root.Dispose();
    }

    [Fact]
    public async Task A_self_signed_certificate_without_a_SAN_is_replaced_by_what_the_command_makes()
    {
        using var bare = TestCa.SelfSigned(new PkiLeaf { Subject = "CN=gateway.example.com" });
        var warning = Assert.Single(Read(bare.WriteTo(_folder)).Warnings);

        await RunAsync(warning);

        Sound(new CertificateFile { Certificate = At("NEW", "server.crt"), Key = At("NEW", "server.key") });
        Assert.Equal(bare.KeyPem, File.ReadAllText(At("server.key")));
    }

    [Theory]
    [InlineData("CN=gateway.example.com")]
    [InlineData("CN=Gateway")]
    public async Task A_certificate_of_a_CA_without_a_SAN_is_requested_anew_by_the_command(string subject)
    {
        using var bare = _ca.Issue(new PkiLeaf { Subject = subject });
        var reading = Read(bare.WriteTo(_folder));

        await RunAsync(reading.Warnings.Concat(reading.Problems).Single());

        Sound(await SignAsync("NEW.csr") with { Key = At("NEW.key") });
    }

    [Fact]
    public async Task Binary_certificate_is_converted()
    {
        var file = _issued.WriteTo(_folder);
        await OpenSsl.RunAsync("x509", "-in", file.Certificate, "-outform", "DER", "-out", At("server.der"));

        await HealsAsync(file with { Certificate = At("server.der"), Chain = Write("ca.crt", _ca.Pem) }, mended => mended with { Certificate = At("NEW.crt") });
    }

    [Theory]
    [InlineData("DER")]
    [InlineData("PEM")]
    public async Task Pkcs7_certificates_are_converted(string form)
    {
        var file = _issued.WriteTo(_folder);
        await OpenSsl.RunAsync("crl2pkcs7", "-nocrl", "-certfile", file.Certificate, "-outform", form, "-out", At("server.p7b"));

        await HealsAsync(file with { Certificate = At("server.p7b") }, mended => mended with { Certificate = At("NEW.crt") });
    }

    [Fact]
    public async Task Pkcs7_chain_is_converted()
    {
        var file = _issued.WriteTo(_folder);
        await OpenSsl.RunAsync("crl2pkcs7", "-nocrl", "-certfile", Write("ca.crt", _ca.Pem), "-outform", "DER", "-out", At("ca.p7b"));

        await HealsAsync(file with { Chain = At("ca.p7b") }, mended => mended with { Chain = At("NEW.crt") });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Binary_key_is_converted(bool encrypted)
    {
        var file = _issued.WriteTo(_folder);
        string[] encryption = encrypted ? ["-topk8", "-v2", "aes-256-cbc", "-passout", $"pass:{Password}"] : ["-topk8", "-nocrypt"];
        await OpenSsl.RunAsync(["pkcs8", "-in", file.Key!, "-outform", "DER", "-out", At("key.der"), .. encryption]);

        await HealsAsync(file with { Key = At("key.der") }, mended => mended with { Key = At("NEW.key") }, $"{Password}\n");
    }

    [Fact]
    public async Task Pfx_as_key_is_converted()
    {
        var file = _issued.WriteTo(_folder);

        await HealsAsync(file with { Key = _issued.WritePfxTo(_folder, Password).Certificate }, mended => mended with { Key = At("NEW.key") }, $"{Password}\n");
    }

    [Fact]
    public async Task Certificate_as_key_is_named()
    {
        var file = _issued.WriteTo(_folder);
        await OpenSsl.RunAsync("x509", "-in", file.Certificate, "-outform", "DER", "-out", At("server.der"));

        var problem = Assert.Single(Read(file with { Key = At("server.der") }).Problems);

        Assert.Contains("is a certificate", problem.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("openssl", problem.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pfx_as_chain_is_converted()
    {
        var file = _issued.WriteTo(_folder);

        await HealsAsync(file with { Chain = _issued.WritePfxTo(_folder, Password).Certificate }, mended => mended with { Chain = At("NEW.crt") }, $"{Password}\n");
    }

    [Fact]
    public async Task Key_in_OpenSSLs_old_encryption_is_converted()
    {
        var file = _issued.WriteTo(_folder);
        await OpenSsl.RunAsync("rsa", "-in", file.Key!, "-traditional", "-aes128", "-passout", $"pass:{Password}", "-out", At("old.key"));

        await HealsAsync(
            file with { Key = At("old.key"), Password = new Secret(Password) }, mended => mended with { Key = At("NEW.key") }, $"{Password}\n{Password}\n{Password}\n");
    }

    [Fact]
    public async Task Passwords_are_tried_by_the_command()
    {
        var key = _issued.WriteEncryptedTo(_folder, Password) with { Password = new Secret("wrong") };
        await RunAsync(Assert.Single(Read(key).Problems), $"{Password}\n");

        var pfx = _issued.WritePfxTo(_folder, Password) with { Password = new Secret("wrong") };
        await RunAsync(Assert.Single(Read(pfx).Problems), $"{Password}\n");
    }

    [Fact]
    public async Task Public_keys_are_compared_by_the_command()
    {
        using var other = _ca.Issue("gateway.example.com");
        var file = _issued.WriteTo(_folder);
        var strange = file with { Key = other.WriteTo(_folder, "other").Key };
        var command = PastedCommand.In(Assert.Single(Read(strange).Problems).ToString());

        Assert.NotEqual(0, (await PastedCommand.RunAsync(command, _folder)).ExitCode);
        File.Copy(file.Key!, strange.Key!, overwrite: true);
        Assert.Equal(0, (await PastedCommand.RunAsync(command, _folder)).ExitCode);
    }

    [Theory]
    [InlineData("server.pfx", "server.pfx")]
    [InlineData("server.der", "key.der")]
    public async Task What_import_does_not_take_is_converted(string certificate, string key)
    {
        var file = _issued.WriteTo(_folder);
        _issued.WritePfxTo(_folder, Password);
        await OpenSsl.RunAsync("x509", "-in", file.Certificate, "-outform", "DER", "-out", At("server.der"));
        await OpenSsl.RunAsync("pkcs8", "-topk8", "-nocrypt", "-in", file.Key!, "-outform", "DER", "-out", At("key.der"));
        var configuration = Write("edge.json",
            $$$"""{"Edge":{"Hosts":["gateway.example.com"],"Upstreams":["http://127.0.0.1:9"],"DataDirectory":"{{{At("data")}}}","Certificates":{"Source":"SelfSigned","AllowSelfSigned":true} } }""");

        var refused = await EdgeVerb.RunAsync("cert", "import", "--cert", At(certificate), "--key", At(key), "--config", configuration);
        Assert.Equal(1, refused.ExitCode);
        foreach (var line in refused.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)) await RunAsync(line, $"{Password}\n");
        File.AppendAllText(At("NEW.crt"), _ca.Pem);
        var taken = await EdgeVerb.RunAsync("cert", "import", "--cert", At("NEW.crt"), "--key", At("NEW.key"), "--config", configuration);

        Assert.True(taken.ExitCode == 0, taken.All);
    }

    [Fact]
    public async Task What_import_refuses_is_named_by_the_operators_own_path_in_the_command_too()
    {
        var file = _issued.WriteTo(_folder);
        await OpenSsl.RunAsync("rsa", "-in", file.Key!, "-traditional", "-aes128", "-passout", $"pass:{Password}", "-out", At("old.key"));
        var configuration = Write("edge.json",
            $$$"""{"Edge":{"Hosts":["gateway.example.com"],"Upstreams":["http://127.0.0.1:9"],"DataDirectory":"{{{At("data")}}}","Certificates":{"Source":"SelfSigned","AllowSelfSigned":true} } }""");

        var refused = await EdgeVerb.RunAsync("cert", "import", "--cert", file.Certificate, "--key", At("old.key"), "--config", configuration);
        await RunAsync(refused.Error.Trim(), $"{Password}\n{Password}\n{Password}\n");

        Sound(file with { Key = At("NEW.key"), Password = new Secret(Password) });
    }

    /// <summary>So that none is printed which no test has run.</summary>
    [Fact]
    public void Commands_of_openssl_stand_in_one_place()
    {
        var source = Repository.PathOf("src", "ImGateway.Edge");
        var places = Directory.EnumerateFiles(source, "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal))
            .Where(file => File.ReadLines(file).Any(line => !line.TrimStart().StartsWith("//", StringComparison.Ordinal)
                && (line.Contains("openssl ", StringComparison.Ordinal) || line.Contains("imgw cert self-signed -", StringComparison.Ordinal))))
            .Select(Path.GetFileName);

        // The demo's lines to paste are run by DemoPortsTests; the help's example by CommandLineTests.
        Assert.Equal(["CommandLine.cs", "DemoBanner.cs", "Remedies.cs"], places.Order(StringComparer.Ordinal));
    }

    async Task HealsAsync(CertificateFile ill, Func<CertificateFile, CertificateFile> mend, string input = "")
    {
        var reading = Read(ill);
        Assert.Null(reading.Credential);
        await RunAsync(Assert.Single(reading.Problems), input);
        Sound(mend(ill));
    }

    Task RunAsync(CertificateProblem problem, string input = "") => RunAsync(problem.ToString(), input);

    async Task RunAsync(string line, string input = "")
    {
        var said = await PastedCommand.RunAsync(PastedCommand.In(line), _folder, input);
        Assert.True(said.ExitCode == 0, $"{line}\n{said.All}");
    }

    static void Sound(CertificateFile file)
    {
        var reading = Read(file);
        Assert.Empty(reading.Problems);
        Assert.Empty(reading.Warnings);
        Assert.NotNull(reading.Credential);
    }

    static CertificateReading Read(CertificateFile file) => new CertificateFileReader([HostName.Parse("gateway.example.com")], TimeProvider.System).Read(file);

    /// <summary>As a CA does that issues for the names of the request.</summary>
    async Task<CertificateFile> SignAsync(string request)
    {
        await OpenSsl.RunAsync(
            "x509", "-req", "-in", At(request), "-copy_extensions", "copyall", "-CA", Write("ca.crt", _ca.Pem), "-CAkey", Write("ca.key", _ca.KeyPem), "-out", At("signed.crt"));
        return new CertificateFile { Certificate = At("signed.crt"), Chain = At("ca.crt") };
    }

    string At(params string[] parts) => Path.Combine([_folder, .. parts]);

    string Write(string name, string content)
    {
        File.WriteAllText(At(name), content);
        return At(name);
    }
}
