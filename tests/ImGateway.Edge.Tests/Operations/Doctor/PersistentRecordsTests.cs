using System.Net;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Operations.Doctor;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Operations.Doctor;

/// <summary>What is said of dns-persist-01 before any record can be set.</summary>
public sealed class PersistentRecordsTests
{
    [Theory]
    [InlineData("dns-persist-01", true)]
    [InlineData("dns-01", false)]
    public async Task A_challenge_that_is_a_draft_is_called_experimental(string challenge, bool expected)
    {
        using var folder = new TemporaryDirectory();
        await using var ca = await ScriptableCa.StartAsync();
        var roots = folder["roots.pem"];
        await File.WriteAllTextAsync(roots, ca.TrustedRootPem, TestContext.Current.CancellationToken);
        var options = new EdgeOptions
        {
            DataDirectory = folder.Path,
            Hosts = [HostName.Parse("gateway.test")],
            Certificates = new CertificatesSection { Source = CertificateSource.Acme },
            Acme = new AcmeSection { Directory = ca.Directory.AbsoluteUri, TrustedRootsFile = roots, Challenges = [challenge] },
        };
        await using var directory = CaDirectory.Of(options, TimeProvider.System)!;

        var findings = await PersistentRecordCheck.CheckAsync(
            options, directory, new Resolver([new IPEndPoint(IPAddress.Loopback, FreePort.Next())], TimeProvider.System, RootTrustAnchors.OfIana), TestContext.Current.CancellationToken);

        Assert.Equal(expected, findings.Any(finding =>
            finding.Status == FindingStatus.Warn && finding.What.Contains("experimental", StringComparison.Ordinal) && finding.Remedy is not null));
    }
}
