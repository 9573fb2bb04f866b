using System.Text;
using System.Text.Json.Nodes;
using ImGateway.Edge.Certificates.Files;
using ImGateway.Edge.Certificates.Issuance;
using ImGateway.Edge.Certificates.Store;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tests.Storage;
using ImGateway.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace ImGateway.Edge.Tests.Certificates;

/// <summary>Issue 16 §2: no part of a PEM file is passed over in silence, and a byte order mark before a text is none of it.</summary>
public sealed class PemFileTests : IDisposable
{
    const string Host = "gateway.test";

    static readonly byte[] Mark = [0xEF, 0xBB, 0xBF];

    readonly TemporaryDirectory _folder = new();
    readonly TestCa _root = TestCa.Create("Pem Root");
    readonly TestCa _inner;
    readonly IssuedCertificate _issued;

    public PemFileTests()
    {
        _inner = _root.CreateIntermediate("Pem Inner");
        _issued = _inner.Issue(Host);
    }

    public void Dispose()
    {
        _issued.Dispose();
        _inner.Dispose();
        _root.Dispose();
        _folder.Dispose();
    }

    public static TheoryData<string> Faults =>
    [
        "no END line", "no BEGIN line", "END of another label", "broken base64", "text in the block", "four dashes before BEGIN", "four dashes after END", "typographic dashes", "cut off",
    ];

    [Theory]
    [MemberData(nameof(Faults))]
    public void A_later_block_that_cannot_be_read_is_refused_with_its_line(string fault)
    {
        var lines = _inner.Pem.TrimEnd('\n').Split('\n').ToList();
        var begin = _issued.LeafPem.Count(c => c == '\n') + 1;
        var end = begin + lines.Count - 1;
        var expected = begin;
        switch (fault)
        {
            case "no END line": lines.RemoveAt(lines.Count - 1); break;
            case "no BEGIN line": lines.RemoveAt(0); expected = end - 1; break;
            case "END of another label": lines[^1] = "-----END X509 CRL-----"; break;
            case "broken base64": lines[3] = "!" + lines[3][1..]; break;
            case "text in the block": lines.Insert(3, "subject=CN = Pem Inner"); break;
            case "four dashes before BEGIN": lines[0] = lines[0][1..]; break;
            case "four dashes after END": lines[^1] = lines[^1][..^1]; break;
            case "typographic dashes": lines[0] = "\u2014\u2014-BEGIN CERTIFICATE\u2014\u2014-"; break;
            default: lines = lines[..^2]; break;
        }

        // Behind it a block that is in order, and before the file's end no other mistake.
        var pem = _issued.LeafPem + string.Join('\n', lines) + "\n" + (fault == "cut off" ? "" : _root.Pem);
        foreach (var file in (CertificateFile[])
        [
            new() { Certificate = Write("server.crt", pem), Key = Write("server.key", _issued.KeyPem) },
            new() { Certificate = Write("alone.crt", _issued.LeafPem), Key = Write("server.key", _issued.KeyPem), Chain = Write("chain.pem", pem) },
            new() { Certificate = Write("all.pem", pem + _issued.KeyPem) },
        ])
        {
            var reading = Read(file);
            Assert.Null(reading.Credential);
            Assert.Contains($"line {expected}: ", Assert.Single(reading.Problems).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_block_in_the_key_file_that_cannot_be_read_is_refused_with_its_line()
    {
        var key = _issued.KeyPem.TrimEnd('\n');
        var file = new CertificateFile { Certificate = Write("server.crt", _issued.ChainPem), Key = Write("server.key", key[..key.LastIndexOf('\n')]) };
        var problem = Assert.Single(Read(file).Problems);
        Assert.Equal(file.Key, problem.File);
        Assert.StartsWith("line 1: ", problem.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(key.Split('\n')[1], problem.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-----BEGIN CERTIFICATE-----\n", "line 1: ")]
    [InlineData("-----END CERTIFICATE----- ", "line 1: ")]
    [InlineData("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", "line 1: holds a damaged certificate")]
    [InlineData("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: \n", "line 1: ")]
    [InlineData("-----BEGIN a", "holds no certificate")]
    public void A_megabyte_of_markers_is_refused(string marker, string expected)
    {
        var text = string.Concat(Enumerable.Repeat(marker, FileContents.MaxBytes / marker.Length));
        var reading = Read(new CertificateFile { Certificate = Write("server.crt", text), Key = Write("server.key", _issued.KeyPem) });
        Assert.StartsWith(expected, Assert.Single(reading.Problems).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_stands_between_blocks_may_be_anything_else()
    {
        var pem = $"""
            subject=CN = {Host}, -----, --- BEGIN of the leaf ---
            see -----BEGIN CERTIFICATE in RFC 7468
            {_issued.LeafPem}
                {_inner.Pem.TrimEnd('\n').Replace("\n", "\n    ")}
            {_root.Pem.ReplaceLineEndings("\r\n")}
            # end
            """;
        // One line, as from an environment variable, is what some programs make of it.
        foreach (var each in (string[])[pem.Replace("see -----BEGIN CERTIFICATE in", "see"), _issued.ChainPem.Replace('\n', ' ')])
        {
            var reading = Read(new CertificateFile { Certificate = Write("server.crt", each), Key = Write("server.key", _issued.KeyPem) });
            Assert.Empty(reading.Problems);
            Assert.Single(reading.Credential!.Issuers);
        }
    }

    [Fact]
    public void A_byte_order_mark_before_certificate_key_chain_or_password_is_skipped()
    {
        var file = new CertificateFile
        {
            Certificate = WriteMarked("server.crt", _issued.LeafPem),
            Key = WriteMarked("server.key", _issued.EncryptedKeyPem("pass word")),
            Chain = WriteMarked("chain.pem", _inner.Pem + _root.Pem),
            PasswordFile = WriteMarked("password", "pass word\r\n"),
        };
        var reading = Read(file);
        Assert.Empty(reading.Problems);
        Assert.Single(reading.Credential!.Issuers);
        File.WriteAllBytes(_folder["server.pfx"], _issued.Pfx("pass word"));
        Assert.Empty(Read(new CertificateFile { Certificate = _folder["server.pfx"], PasswordFile = file.PasswordFile }).Problems);
        Assert.Empty(Read(new CertificateFile { Certificate = WriteMarked("both.pem", _issued.ChainPem + _issued.KeyPem) }).Problems);
    }

    [Fact]
    public async Task A_byte_order_mark_before_the_configuration_an_import_and_what_is_stored_is_skipped()
    {
        var file = _issued.WriteTo(_folder.Path);
        var setup = new EdgeSetup { Hosts = [Host], Files = [file], Settings = new Dictionary<string, JsonNode?> { ["DataDirectory"] = _folder["data"] } };
        await using (var edge = await EdgeProcess.StartAsync(setup))
        {
            using var next = _inner.Issue(Host);
            var imported = await EdgeVerb.RunAsync(
                "cert", "import", "--config", edge.ConfigFile, "--cert", WriteMarked("next.crt", next.ChainPem),
                "--key", WriteMarked("next.key", next.EncryptedKeyPem("pass word")), "--password-file", WriteMarked("password", "pass word"));
            Assert.True(imported.ExitCode == 0, imported.Error);
            Assert.Equal(0, await edge.StopAsync(TimeSpan.FromSeconds(60)));
        }

        // As an editor under Windows saves them.
        var folder = Path.Combine(_folder["data"], "certificates", Host);
        foreach (var stored in (string[])["current.pem", "state.json"]) Prefix(Path.Combine(folder, stored));
        var configuration = setup.WriteTo(_folder.Path);
        Prefix(configuration);
        Assert.Equal(0, (await EdgeVerb.RunAsync("validate", "--config", configuration)).ExitCode);
        var list = await EdgeVerb.RunAsync("cert", "list", "--json", "--config", configuration);
        Assert.Equal("import", (string)JsonNode.Parse(list.Output)!.AsArray()[0]!["source"]!);
    }

    [Fact]
    public void A_byte_order_mark_before_what_an_acme_account_needs_is_skipped()
    {
        var roots = WriteMarked("roots.pem", _root.Pem + _inner.Pem);
        var options = new EdgeOptions
        {
            Hosts = [HostName.Parse(Host)],
            Certificates = new() { Source = CertificateSource.Acme },
            Acme = new()
            {
                AcceptTermsOfService = true,
                TrustedRootsFile = roots,
                ExternalAccount = new() { KeyId = "kid", HmacKeyFile = WriteMarked("hmac", "c2VjcmV0\n") },
            },
        };
        Assert.Empty(AcmeFilesCheck.Problems(options, TimeProvider.System));
        var lost = Write("roots.pem", _root.Pem + _inner.Pem[..^30]);
        Assert.Contains($"{lost} line ", Assert.Single(AcmeFilesCheck.Problems(options, TimeProvider.System)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_revoked_is_known_although_a_byte_order_mark_stands_before_it()
    {
        var cancelled = TestContext.Current.CancellationToken;
        var credential = _issued.ToCredential(Host);
        using var storage = await Writers.OpenAsync(_folder.Path);
        await new RevokedCertificates(storage, TimeProvider.System, NullLogger<RevokedCertificates>.Instance).AddAsync(credential, "keyCompromise", cancelled);
        Prefix(_folder["revoked.json"]);
        var after = new RevokedCertificates(storage, TimeProvider.System, NullLogger<RevokedCertificates>.Instance);
        await after.ReadAsync(cancelled);
        Assert.True(after.Contains(credential));
    }

    static CertificateReading Read(CertificateFile file) => new CertificateFileReader([HostName.Parse(Host)], TimeProvider.System).Read(file);

    static void Prefix(string path) => File.WriteAllBytes(path, [.. Mark, .. File.ReadAllBytes(path)]);

    string WriteMarked(string name, string text)
    {
        File.WriteAllBytes(_folder[name], [.. Mark, .. Encoding.UTF8.GetBytes(text)]);
        return _folder[name];
    }

    string Write(string name, string text)
    {
        File.WriteAllText(_folder[name], text);
        return _folder[name];
    }
}
