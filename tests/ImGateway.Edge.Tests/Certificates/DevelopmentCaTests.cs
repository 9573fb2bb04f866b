using System.Runtime.Versioning;
using System.Security.Cryptography.X509Certificates;
using ImGateway.Edge.Certificates.Files;
using ImGateway.Edge.Certificates.SelfSigned;
using ImGateway.Edge.Certificates.Store;
using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;
using ImGateway.Testing;
using Microsoft.Extensions.Time.Testing;

namespace ImGateway.Edge.Tests.Certificates;

[UnsupportedOSPlatform("windows")]
public sealed class DevelopmentCaTests : IDisposable
{
    static readonly IReadOnlyList<HostName> Hosts = [.. new[] { "localhost", "127.0.0.1", "::1", "*.example.com" }.Select(HostName.Parse)];

    readonly TemporaryDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(KeyType.P256)]
    [InlineData(KeyType.P384)]
    [InlineData(KeyType.RSA2048)]
    public async Task Openssl_accepts_what_it_issues_for_each_host(KeyType keyType)
    {
        var files = SelfSignedFiles.Write(Hosts, _folder["ca"], keyType, TimeProvider.System);
        foreach (var option in new[] { "-verify_hostname=localhost", "-verify_ip=127.0.0.1", "-verify_ip=::1", "-verify_hostname=a.example.com" })
        {
            await OpenSsl.RunAsync(["verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", files.CaPath, .. option.Split('='), files.CertificatePath]);
        }
    }

    [Theory]
    [InlineData("localhost", "bank.example")]
    [InlineData("localhost", "10.0.0.1")]
    [InlineData("localhost", "2001:db8::1")]
    [InlineData("127.0.0.1", "bank.example")]
    [InlineData("127.0.0.1", "127.0.0.2")]
    [InlineData("127.0.0.1", "::1")]
    public async Task Openssl_refuses_what_its_stolen_key_would_forge(string permitted, string forged)
    {
        using var ca = SelfSignedFiles.LoadOrCreateCa(_folder["ca"], [HostName.Parse(permitted)], TimeProvider.System);
        File.WriteAllText(_folder["forged.crt"], ca.Issue([HostName.Parse(forged)], KeyType.P256).Leaf.ExportCertificatePem());
        var result = await OpenSsl.TryRunAsync("verify", "-CAfile", _folder["ca", "ca.pem"], _folder["forged.crt"]);
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("subtree violation", result.All);
    }

    [Fact]
    public void It_passes_the_edge_s_own_checks()
    {
        var files = SelfSignedFiles.Write(Hosts, _folder["ca"], KeyType.P256, TimeProvider.System);
        var reading = new CertificateFileReader(Hosts, TimeProvider.System)
            .Read(new CertificateFile { Certificate = files.CertificatePath, Key = files.KeyPath });
        Assert.Empty(reading.Problems);
        Assert.All(Hosts, host => Assert.True(reading.Credential!.Covers(host)));
    }

    [Fact]
    public void It_stays_the_same_over_restarts()
    {
        Assert.Equal(Create(Hosts, TimeProvider.System), Create([Hosts[0]], TimeProvider.System));
    }

    [Fact]
    public void A_host_it_may_not_issue_for_makes_a_new_one()
    {
        Assert.NotEqual(Create(Hosts, TimeProvider.System), Create([.. Hosts, HostName.Parse("new.example.org")], TimeProvider.System));
    }

    [Fact]
    public void It_is_made_anew_before_it_expires()
    {
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        var first = Create(Hosts, time);
        time.Advance(TimeSpan.FromDays(4.4 * 365));
        Assert.Equal(first, Create(Hosts, time));
        time.Advance(TimeSpan.FromDays(60));
        Assert.NotEqual(first, Create(Hosts, time));
    }

    [Theory]
    [InlineData("ca.pem")]
    [InlineData("ca.key")]
    public void A_damaged_one_is_made_anew(string damaged)
    {
        var first = Create(Hosts, TimeProvider.System);
        File.WriteAllText(_folder["ca", damaged], "-----BEGIN");
        Assert.NotEqual(first, Create(Hosts, TimeProvider.System));
    }

    [Fact]
    public void Its_constraints_survive_encoding()
    {
        Create(Hosts, TimeProvider.System);
        using var certificate = X509CertificateLoader.LoadCertificateFromFile(_folder["ca", "ca.pem"]);
        var constraints = NameConstraints.Of(certificate)!;
        Assert.All(Hosts, host => Assert.True(constraints.Permit(host)));
        Assert.False(constraints.Permit(HostName.Parse("example.org")));
        Assert.False(constraints.Permit(HostName.Parse("127.0.0.2")));
        Assert.True(certificate.Extensions.Single(extension => extension.Oid!.Value == "2.5.29.30").Critical);
    }

    [Fact]
    public void Keys_are_their_owner_s_alone()
    {
        var files = SelfSignedFiles.Write(Hosts, _folder["ca"], KeyType.P256, TimeProvider.System);
        Assert.Equal(DurableFile.OwnerOnlyFolder, Mode(_folder["ca"]));
        Assert.Equal(DurableFile.OwnerOnly, Mode(_folder["ca", "ca.key"]));
        Assert.Equal(DurableFile.OwnerOnly, Mode(files.KeyPath));
        Assert.Equal(4, Directory.GetFiles(_folder["ca"]).Length);
    }

    [Fact]
    public void Leaves_live_for_ninety_days_from_the_injected_clock()
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
        using var ca = SelfSignedFiles.LoadOrCreateCa(_folder["ca"], Hosts, time);
        Assert.Equal(new DateTimeOffset(2030, 4, 1, 0, 0, 0, TimeSpan.Zero), ca.Issue(Hosts, KeyType.P256).NotAfter);
    }

    [Fact]
    public void A_folder_that_cannot_be_written_to_is_named_in_one_line()
    {
        File.WriteAllText(_folder["file"], "");
        var thrown = Assert.Throws<CertificateLoadException>(() => SelfSignedFiles.Write(Hosts, _folder["file", "ca"], KeyType.P256, TimeProvider.System));
        Assert.StartsWith(_folder["file", "ca"] + ": cannot be used", Assert.Single(thrown.Lines));
    }

    string Create(IReadOnlyList<HostName> hosts, TimeProvider time)
    {
        using var ca = SelfSignedFiles.LoadOrCreateCa(_folder["ca"], hosts, time);
        return File.ReadAllText(_folder["ca", "ca.pem"]);
    }

    static UnixFileMode Mode(string path) => File.GetUnixFileMode(path);
}
