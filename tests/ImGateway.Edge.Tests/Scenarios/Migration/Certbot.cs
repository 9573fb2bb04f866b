using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Migration;

/// <summary>What certbot leaves on a machine, and a store for what becomes of it.</summary>
sealed class Certbot : IDisposable
{
    readonly TemporaryDirectory _directory = new();

    public string Path => _directory.Path;

    /// <summary>As <c>/etc/letsencrypt/live/NAME</c>.</summary>
    public string Live => _directory["live"];

    public string Webroot => _directory["www"];

    /// <summary>For <c>DataDirectory</c>.</summary>
    public string Store => _directory["data"];

    public static async Task<Certbot> CreateAsync(IssuedCertificate certificate)
    {
        var certbot = new Certbot();
        var challenges = System.IO.Path.Combine(certbot.Webroot, ".well-known", "acme-challenge");
        Directory.CreateDirectory(certbot.Live);
        Directory.CreateDirectory(challenges);
        await File.WriteAllTextAsync(certbot._directory["live", "fullchain.pem"], certificate.LeafPem + certificate.IssuersPem);
        await File.WriteAllTextAsync(certbot._directory["live", "privkey.pem"], certificate.KeyPem);
        await File.WriteAllTextAsync(certbot._directory["live", "chain.pem"], certificate.IssuersPem + certificate.RootPem);
        await File.WriteAllTextAsync(System.IO.Path.Combine(challenges, "token-of-certbot"), "answer of certbot");
        return certbot;
    }

    /// <summary>As the page says, before the edge runs.</summary>
    public async Task ImportAsync(EdgeSetup edge)
    {
        var import = await EdgeVerb.RunAsync(
            "cert", "import", "--cert", _directory["live", "fullchain.pem"], "--key", _directory["live", "privkey.pem"], "--config", edge.WriteTo(Path));
        if (import.ExitCode != 0) throw new InvalidOperationException(import.All);
    }

    public void Dispose() => _directory.Dispose();
}
