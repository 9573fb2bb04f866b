using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Tls;

public sealed class HandshakeSelfTestTests : IDisposable
{
    static readonly EdgeOptions Options = new() { Hosts = [.. new[] { "gateway.test", "*.wild.test", "192.0.2.7" }.Select(HostName.Parse)] };

    readonly TestCa _root = TestCa.Create("Probe test root");
    readonly TestCa _outer, _inner;

    static readonly (string Name, KeyType Key)[] Names =
        [("gateway.test", KeyType.P256), ("gateway.test", KeyType.RSA2048), ("*.wild.test", KeyType.P384), ("192.0.2.7", KeyType.P256)];

    public HandshakeSelfTestTests() => _inner = (_outer = _root.CreateIntermediate("Outer")).CreateIntermediate("Inner");

    public static TheoryData<TestedEngine, string, KeyType> EnginesAndNames =>
        [.. from engine in Enum.GetValues<TestedEngine>() from each in Names select Engines.Row(engine, each.Name, each.Key)];

    public static TheoryData<TestedEngine, TlsPolicy> EnginesAndPolicies =>
        [.. from engine in Enum.GetValues<TestedEngine>() from policy in Enum.GetValues<TlsPolicy>() select Engines.Row(engine, policy)];

    [Theory, MemberData(nameof(EnginesAndNames))]
    public async Task The_served_leaf_with_its_whole_chain_passes(TestedEngine engine, string name, KeyType keyType)
    {
        var selector = new ServerCertificateSelector(Options, Engines.Create(engine));
        var host = HostName.Parse(name);
        var credential = Issue(host, keyType);
        selector.Publish(new Dictionary<HostName, Credential> { [host] = credential });
        Assert.Equal(2, credential.Issuers.Count);
        Assert.Null(await ProbeAsync(selector, host, credential));
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Another_certificate_than_the_expected_one_is_named(TestedEngine engine)
    {
        var selector = new ServerCertificateSelector(Options, Engines.Create(engine));
        var host = Options.Hosts[0];
        var expected = Issue(host, KeyType.P256);
        selector.Publish(new Dictionary<HostName, Credential> { [host] = Issue(host, KeyType.P256) });
        Assert.Contains(expected.SerialNumber, await ProbeAsync(selector, host, expected), StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_host_without_a_certificate_is_a_failed_handshake(TestedEngine engine) => Assert.StartsWith(
        "handshake failed", await ProbeAsync(new ServerCertificateSelector(Options, Engines.Create(engine)), Options.Hosts[0], Issue(Options.Hosts[0], KeyType.P256)), StringComparison.Ordinal);

    [Theory, MemberData(nameof(EnginesAndPolicies))]
    public async Task The_policy_in_force_is_proved_for_every_kind_of_key(TestedEngine engine, TlsPolicy policy)
    {
        var options = Options with { Tls = new TlsSection { Policy = policy } };
        var selector = new ServerCertificateSelector(options, Engines.Create(engine));
        selector.Publish(new Dictionary<HostName, Credential>
        {
            [options.Hosts[0]] = Issue(options.Hosts[0], KeyType.P256),
            [options.Hosts[2]] = Issue(options.Hosts[2], KeyType.RSA2048),
        });
        Assert.Empty(await TlsPolicySelfTest.ProblemsAsync(options, Engines.Create(engine), TimeProvider.System, TestContext.Current.CancellationToken));
        Assert.Empty(await new TlsPolicySelfTest(selector, options, TimeProvider.System).ServedProblemsAsync(TestContext.Current.CancellationToken));
        foreach (var (host, credential) in selector.Served)
        {
            Assert.Null(await new CertificateSelfTest(selector, options, TimeProvider.System).TestAsync(host, credential, TestContext.Current.CancellationToken));
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

    static Task<string?> ProbeAsync(ServerCertificateSelector selector, HostName host, Credential expected) =>
        new HandshakeSelfTest(selector, Options, TimeProvider.System).TestAsync(host, expected, TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(60));
}
