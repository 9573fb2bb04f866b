using System.Collections.Concurrent;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tests.Tls;
using ImGateway.Testing;

[assembly: AssemblyFixture(typeof(TlsFixture))]

namespace ImGateway.Edge.Tests.Tls;

/// <summary>One running edge per engine for all tests that only read from it, and the certificates it serves.</summary>
public sealed class TlsFixture : IAsyncLifetime
{
    public const string Gateway = "gateway.test";

    readonly TemporaryDirectory _directory = new();
    readonly TestCa _root = TestCa.Create("Test Root");
    readonly TestCa _intermediate;
    readonly ConcurrentDictionary<TestedEngine, Lazy<Task<EdgeProcess>>> _edges = new();
    readonly ConcurrentDictionary<string, Lazy<CertificateFile>> _files = new(StringComparer.Ordinal);
    EchoUpstream? _upstream;

    public TlsFixture()
    {
        _intermediate = _root.CreateIntermediate("Test Intermediate");
        Default = _intermediate.Issue(Gateway, "localhost", "127.0.0.1");
        Rsa = _intermediate.Issue(["rsa.test"], KeyType.RSA2048);
        Wildcard = _intermediate.Issue("*.wild.test");
        Shared = _intermediate.Issue("alpha.test", "beta.test");
        File.WriteAllText(RootFile, _root.Pem);
    }

    /// <summary>For <see cref="Gateway"/>, localhost and 127.0.0.1; ECDSA.</summary>
    public IssuedCertificate Default { get; }

    /// <summary>For rsa.test.</summary>
    public IssuedCertificate Rsa { get; }

    /// <summary>For *.wild.test.</summary>
    public IssuedCertificate Wildcard { get; }

    /// <summary>For alpha.test and beta.test.</summary>
    public IssuedCertificate Shared { get; }

    public TestCa Ca => _intermediate;

    public TestCa Root => _root;

    public string RootFile => _directory["root.pem"];

    public async ValueTask InitializeAsync() => _upstream = await EchoUpstream.StartAsync();

    /// <param name="engine">What it listens with.</param>
    /// <param name="hosts">Default all; certificates that cover none of them are left out.</param>
    public EdgeSetup Setup(TestedEngine engine, params string[] hosts)
    {
        if (hosts.Length == 0) hosts = [Gateway, "localhost", "127.0.0.1", "rsa.test", "*.wild.test", "alpha.test", "beta.test"];
        var files = from served in (IEnumerable<(string Name, IssuedCertificate Certificate)>)
                        [("gateway.test", Default), ("rsa.test", Rsa), ("*.wild.test", Wildcard), ("alpha.test", Shared)]
                    where hosts.Contains(served.Name)
                    select _files.GetOrAdd(served.Name, name => new Lazy<CertificateFile>(() => served.Certificate.WriteTo(_directory.Path, name.Replace('*', '_')))).Value;
        return new EdgeSetup { Engine = engine, Upstream = _upstream!.Address, Hosts = hosts, Files = [.. files] };
    }

    /// <summary>Running, shared: for tests that leave it as it is.</summary>
    public Task<EdgeProcess> EdgeAsync(TestedEngine engine) =>
        _edges.GetOrAdd(engine, e => new Lazy<Task<EdgeProcess>>(() => EdgeProcess.StartAsync(Setup(e)))).Value;

    public async ValueTask DisposeAsync()
    {
        foreach (var edge in _edges.Values.Select(e => e.Value).Where(e => e.IsCompletedSuccessfully)) await (await edge).DisposeAsync();
        if (_upstream is not null) await _upstream.DisposeAsync();
        foreach (var certificate in (IssuedCertificate[])[Default, Rsa, Wildcard, Shared]) certificate.Dispose();
        _intermediate.Dispose();
        _root.Dispose();
        _directory.Dispose();
    }
}
