using System.Runtime.Versioning;
using ImGateway.Edge.Certificates.Issuance;
using ImGateway.Edge.Configuration;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Certificates;

[UnsupportedOSPlatform("windows")]
public sealed class AcmeFilesCheckTests : IDisposable
{
    readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Files_and_programs_that_can_be_used_are_fine()
    {
        using var ca = TestCa.Create("A Root");
        var options = Options(new()
        {
            TrustedRootsFile = Write("roots.pem", ca.Pem), DnsHook = Program("hook"), ExternalAccount = new() { KeyId = "k", HmacKeyFile = Write("hmac", "c2VjcmV0\n") },
        });

        Assert.Empty(AcmeFilesCheck.Problems(options with { Certificates = options.Certificates with { OnChange = ["sh", "-c", "true"] } }, TimeProvider.System));
    }

    [Fact]
    public void What_is_missing_or_wrong_is_a_line_each_and_no_key_is_repeated()
    {
        var options = Options(new()
        {
            TrustedRootsFile = Write("roots.pem", "no certificate"), DnsHook = Write("hook", "#!/bin/sh\n"), ExternalAccount = new() { KeyId = "k", HmacKeyFile = Write("hmac", "secret of mine!") },
        });

        var lines = AcmeFilesCheck.Problems(options with { Certificates = options.Certificates with { OnChange = ["/nowhere/program"] } }, TimeProvider.System).ToList();

        Assert.Equal(
            ["Edge:Certificates:OnChange:0", "Edge:Acme:TrustedRootsFile", "Edge:Acme:ExternalAccount:HmacKeyFile", "Edge:Acme:DnsHook"],
            lines.Select(line => line.Split(": ")[0]));
        Assert.Contains("does not exist", lines[0]);
        Assert.Contains("holds no certificate", lines[1]);
        Assert.Contains("base64url", lines[2]);
        Assert.Contains("is not executable", lines[3]);
        Assert.DoesNotContain(lines, line => line.Contains("secret of mine", StringComparison.Ordinal));
    }

    [Fact]
    public void Hosts_that_a_file_covers_need_no_CA_and_the_others_do()
    {
        using var ca = TestCa.Create("A Root");
        using var certificate = ca.Issue("localhost");
        var options = Options(new()) with { Hosts = [HostName.Parse("localhost"), HostName.Parse("other.test"), HostName.Parse("im.example.com")] };
        options = options with { Certificates = options.Certificates with { Files = [certificate.WriteTo(_directory.Path, "file")] } };

        Assert.StartsWith("Edge:Hosts: 'other.test' is no name", Assert.Single(AcmeFilesCheck.Problems(options, TimeProvider.System)));
    }

    static EdgeOptions Options(AcmeSection acme) => new()
    {
        Hosts = [HostName.Parse("im.example.com")], Acme = acme, Certificates = new() { Source = CertificateSource.Acme },
    };

    string Write(string name, string text)
    {
        File.WriteAllText(_directory[name], text);
        return _directory[name];
    }

    string Program(string name)
    {
        File.SetUnixFileMode(Write(name, "#!/bin/sh\n"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        return _directory[name];
    }
}
