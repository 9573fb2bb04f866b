using System.Diagnostics;
using System.Security.Cryptography.X509Certificates;
using ImGateway.Testing;

namespace ImGateway.Acme.Tests;

/// <summary>The responder of the tests' CA, judged by openssl.</summary>
public sealed class ScriptableCaOcspTests
{
    [Theory]
    [InlineData(CaOcsp.Truth, "leaf.pem: good", "verify OK")]
    [InlineData(CaOcsp.Revoked, "leaf.pem: revoked", "verify OK")]
    [InlineData(CaOcsp.Unknown, "leaf.pem: unknown", "verify OK")]
    [InlineData(CaOcsp.Stale, "status expired", "verify OK")]
    [InlineData(CaOcsp.OtherSigner, "leaf.pem: good", "Verify Failure")]
    [InlineData(CaOcsp.OtherCertificate, "No Status found", "verify OK")]
    [InlineData(CaOcsp.TryLater, "trylater", "")]
    [InlineData(CaOcsp.Garbage, "Error", "")]
    public async Task Openssl_sees_what_is_scripted(CaOcsp mode, string status, string verification)
    {
        await using var flow = await AcmeFlow.StartAsync(new ScriptableCaOptions { AlwaysValid = true, OffersOcsp = true });
        await flow.IssueAsync(AcmeFlow.Request("im.example.com"));
        flow.Ca.Ocsp = mode;

        var said = await AskAsync(flow.Ca, flow.Ca.Certificates[0]);

        Assert.Contains(status, said, StringComparison.OrdinalIgnoreCase);
        Assert.Contains(verification, said, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(1, flow.Ca.OcspRequests);
    }

    [Fact]
    public async Task A_revoked_certificate_is_revoked_with_its_reason()
    {
        await using var flow = await AcmeFlow.StartAsync(new ScriptableCaOptions { AlwaysValid = true, OffersOcsp = true });
        await flow.IssueAsync(AcmeFlow.Request("im.example.com"));

        await flow.Account.RevokeAsync(flow.Ca.Certificates[0].Leaf, RevocationReason.KeyCompromise);

        Assert.Contains("Reason: keyCompromise", await AskAsync(flow.Ca, flow.Ca.Certificates[0]));
    }

    static async Task<string> AskAsync(ScriptableCa ca, CaCertificate certificate)
    {
        using var folder = new TemporaryDirectory();
        var issuer = new X509Certificate2Collection();
        issuer.ImportFromPem(certificate.Chain);
        await File.WriteAllTextAsync(folder["leaf.pem"], certificate.Leaf.ExportCertificatePem());
        await File.WriteAllTextAsync(folder["issuer.pem"], issuer[1].ExportCertificatePem());
        await File.WriteAllTextAsync(folder["root.pem"], ca.IssuingRoot.ExportCertificatePem());
        var access = certificate.Leaf.Extensions.OfType<X509AuthorityInformationAccessExtension>().Single();
        var start = new ProcessStartInfo("openssl")
        {
            WorkingDirectory = folder.Path,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var argument in (string[])["ocsp", "-issuer", "issuer.pem", "-cert", "leaf.pem", "-CAfile", "root.pem", "-url", access.EnumerateOcspUris().Single(), "-no_nonce"])
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        var texts = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return string.Concat(texts);
    }
}
