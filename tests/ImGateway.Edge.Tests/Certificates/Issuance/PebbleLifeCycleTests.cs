using System.Net;
using ImGateway.Acme;
using ImGateway.Edge.Certificates;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tests.Scenarios.Acme;
using ImGateway.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace ImGateway.Edge.Tests.Certificates.Issuance;

/// <summary>The whole edge against a CA that is not ours.</summary>
public sealed class PebbleLifeCycleTests : IDisposable
{
    static readonly HostName Gateway = HostName.Parse("gateway.test");

    readonly TemporaryDirectory _folder = new();
    readonly Lines _lines = new();

    static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("http-01")]
    [InlineData("tls-alpn-01")]
    public async Task Certificate_is_ordered_renewed_and_revoked(string challenge)
    {
        var (http, https) = (FreePort.Next(), FreePort.Next());
        await using var pebble = await Pebble.StartAsync(new PebbleOptions { HttpPort = http, TlsPort = https, NonceRejectPercent = 50 });
        File.WriteAllText(_folder["roots.pem"], pebble.HttpsRootPem);
        await using var edge = await InProcessEdge.StartAsync(Options(pebble, http, https, challenge));
        var renewals = edge.Services.GetRequiredService<OperatorRenewals>();

        var first = await renewals.RenewAsync(Gateway, force: false, staging: false, "test", _lines, Cancelled);
        Assert.True(first.Succeeded, first.Message);
        var second = await renewals.RenewAsync(Gateway, force: true, staging: false, "test", _lines, Cancelled);
        Assert.True(second.Succeeded, second.Message);
        var third = await renewals.RevokeAsync(Gateway, RevocationReason.KeyCompromise, "test", _lines, Cancelled);
        Assert.True(third.Succeeded, third.Message);

        Assert.Equal(3, new[] { first, second, third }.DistinctBy(result => result.SerialNumber).Count());
        Assert.Contains($"gateway.test: proving control by {challenge}", _lines.All);
        var certificate = Assert.Single(edge.Services.GetRequiredService<CertificateOverview>().Certificates);
        Assert.Equal(("acme", third.SerialNumber), (certificate.Source, certificate.Credential.SerialNumber));
        Assert.False(File.Exists(_folder["data", "certificates", "gateway.test", "pending.pem"]));
        Assert.False(File.Exists(_folder["data", "certificates", "gateway.test", "previous.pem"]));
        Assert.Equal(
            ["accountRegistered", "renewed", "renewed", "revoked", "renewed"],
            AuditLines.Read(_folder["data", "audit.jsonl"]).Select(entry => entry.Action));
    }

    EdgeOptions Options(Pebble pebble, int http, int https, string challenge) => new()
    {
        Hosts = [Gateway],
        Upstreams = [new Uri("http://127.0.0.1:9")],
        DataDirectory = _folder["data"],
        Listen = new() { Http = [new(IPAddress.Loopback, http)], Https = [new(IPAddress.Loopback, https)], Management = [] },
        Certificates = new() { Source = CertificateSource.Acme },
        Acme = new()
        {
            Directory = pebble.Directory.AbsoluteUri,
            AcceptTermsOfService = true,
            Challenges = [challenge],
            TrustedRootsFile = _folder["roots.pem"],
        },
    };

    sealed class Lines : IProgress<string>
    {
        readonly Lock _lock = new();
        readonly List<string> _lines = [];

        public IReadOnlyList<string> All
        {
            get
            {
                lock (_lock) return [.. _lines];
            }
        }

        public void Report(string value)
        {
            lock (_lock) _lines.Add(value);
        }
    }
}
