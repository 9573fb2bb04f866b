using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;
using ImGateway.Edge.Tls.SslStream;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Tls;

public sealed class SelfProbeTests : IDisposable
{
    static readonly EdgeOptions Options = new() { Hosts = [.. new[] { "gateway.test", "*.wild.test", "192.0.2.7" }.Select(HostName.Parse)] };

    readonly TestCa _root = TestCa.Create("Probe test root");
    readonly TestCa _outer, _inner;
    readonly ServerCertificateSelector _selector = new(Options, new SslStreamEngine());

    public SelfProbeTests() => _inner = (_outer = _root.CreateIntermediate("Outer")).CreateIntermediate("Inner");

    [Theory]
    [InlineData("gateway.test", KeyType.P256)]
    [InlineData("gateway.test", KeyType.RSA2048)]
    [InlineData("*.wild.test", KeyType.P384)]
    [InlineData("192.0.2.7", KeyType.P256)]
    public async Task The_served_leaf_with_its_whole_chain_passes(string name, KeyType keyType)
    {
        var host = HostName.Parse(name);
        var credential = Issue(host, keyType);
        _selector.Publish(new Dictionary<HostName, Credential> { [host] = credential });
        Assert.Equal(2, credential.Issuers.Count);
        Assert.Null(await ProbeAsync(host, credential));
    }

    [Fact]
    public async Task Another_certificate_than_the_expected_one_is_named()
    {
        var host = Options.Hosts[0];
        var expected = Issue(host, KeyType.P256);
        _selector.Publish(new Dictionary<HostName, Credential> { [host] = Issue(host, KeyType.P256) });
        Assert.Contains(expected.SerialNumber, await ProbeAsync(host, expected), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_without_a_certificate_is_a_failed_handshake() =>
        Assert.StartsWith("handshake failed", await ProbeAsync(Options.Hosts[0], Issue(Options.Hosts[0], KeyType.P256)), StringComparison.Ordinal);

    [Theory]
    [InlineData(TlsPolicy.Intermediate)]
    [InlineData(TlsPolicy.Modern)]
    public async Task The_policy_in_force_is_proved_for_every_kind_of_key(TlsPolicy policy)
    {
        var options = Options with { Tls = new TlsSection { Policy = policy } };
        var selector = new ServerCertificateSelector(options, new SslStreamEngine());
        selector.Publish(new Dictionary<HostName, Credential>
        {
            [options.Hosts[0]] = Issue(options.Hosts[0], KeyType.P256),
            [options.Hosts[2]] = Issue(options.Hosts[2], KeyType.RSA2048),
        });
        Assert.Empty(await PolicyProof.ProblemsAsync(options, new SslStreamEngine(), TimeProvider.System, TestContext.Current.CancellationToken));
        Assert.Empty(await new PolicyProof(selector, options, TimeProvider.System).ServedProblemsAsync(TestContext.Current.CancellationToken));
        foreach (var (host, credential) in selector.Served)
        {
            Assert.Null(await new CertificateProof(selector, options, TimeProvider.System).ProveAsync(host, credential, TestContext.Current.CancellationToken));
        }
    }

    public void Dispose()
    {
        _inner.Dispose();
        _outer.Dispose();
        _root.Dispose();
    }

    Credential Issue(HostName host, KeyType keyType) =>
        new(_inner.Issue([host.Value], keyType).Leaf, [_inner.Certificate, _outer.Certificate, _root.Certificate], [host]);

    Task<string?> ProbeAsync(HostName host, Credential expected) =>
        new SelfProbe(_selector, Options, TimeProvider.System).ProbeAsync(host, expected, TestContext.Current.CancellationToken);
}
