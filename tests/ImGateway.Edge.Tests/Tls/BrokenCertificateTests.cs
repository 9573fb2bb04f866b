using System.Security.Cryptography;
using ImGateway.Edge.Configuration;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Tls;

/// <summary>A broken new file changes nothing that is served, and says so.</summary>
public sealed class BrokenCertificateTests(TlsFixture tls)
{
    const string Host = "broken.test";

    /// <summary>The edge waits 30 s for the other half of a pair.</summary>
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static TheoryData<TestedEngine, string> EnginesAndFaults =>
    [
        .. from fault in (string[])["garbage", "RSA 1024", "expired", "not yet valid", "other name", "half a file"]
           select Engines.Row(TestedEngine.SslStream, fault),
        // The engine does not see the fault of a file: one is enough.
        Engines.Row(TestedEngine.BouncyCastle, "garbage"),
    ];

    [Theory, MemberData(nameof(EnginesAndFaults))]
    public Task The_old_certificate_is_served_and_the_file_is_named(TestedEngine engine, string fault) => BreakAndMendAsync(engine, fault);

    /// <summary>Each of these is reported after 30 s only: they wait side by side.</summary>
    [Fact]
    public Task What_may_be_half_of_a_new_pair_is_named_too_once_the_other_half_has_not_come() =>
        Task.WhenAll(((string[])["empty", "deleted", "wrong key"]).Select(fault => BreakAndMendAsync(TestedEngines.Default, fault)));

    async Task BreakAndMendAsync(TestedEngine engine, string fault)
    {
        using var directory = new TemporaryDirectory();
        using var first = tls.Ca.Issue(Host);
        var file = first.WriteTo(directory.Path);
        await using var edge = await EdgeProcess.StartAsync(tls.Setup(engine) with { Hosts = [Host], Files = [file] });
        var client = new EdgeClient(edge.Https, tls.Root.Certificate);
        var before = edge.Log.Lines.Count;

        Break(file, fault);

        var line = await edge.WaitForLogAsync(l => l["@l"] is "Warning" or "Error" && l.Text.Contains(directory.Path, StringComparison.Ordinal), Limit, before);
        var metrics = await edge.WaitForMetricsAsync(m => m.Sum("imgw_certificate_load_failures_total", ("host", Host)) > 0, Limit);
        Assert.DoesNotContain("   at ", line.Text, StringComparison.Ordinal);
        Assert.Equal(first.SerialNumber, await client.ServedSerialAsync(Host));
        Assert.Equal(0, metrics.Sum("imgw_certificate_swaps_total"));
        Assert.Equal(first.Leaf.NotAfter.ToUniversalTime(),
            DateTime.UnixEpoch.AddSeconds(metrics.Sum("ssl_certificate_expiry_seconds", ("host", Host), ("source", "files"))));

        // And it recovers: the next good file is served.
        using var next = tls.Ca.Issue(Host);
        next.WriteTo(directory.Path);
        await edge.WaitForMetricsAsync(m => m.Sum("imgw_certificate_swaps_total", ("host", Host)) > 0, Limit);
        Assert.Equal(next.SerialNumber, await client.ServedSerialAsync(Host));
    }

    void Break(CertificateFile file, string fault)
    {
        var now = TimeProvider.System.GetUtcNow();
        switch (fault)
        {
            case "garbage": File.WriteAllBytes(file.Certificate, RandomNumberGenerator.GetBytes(2000)); break;
            case "empty": File.WriteAllText(file.Certificate, ""); break;
            case "deleted": File.Delete(file.Certificate); break;
            case "half a file": File.WriteAllText(file.Certificate, File.ReadAllText(file.Certificate)[..300]); break;
            case "wrong key": WriteOther(new PkiLeaf { Hosts = [Host] }, other => File.WriteAllText(file.Key!, other.KeyPem)); break;
            case "RSA 1024": Write(new PkiLeaf { Hosts = [Host], Key = RSA.Create(1024) }); break;
            case "expired": Write(new PkiLeaf { Hosts = [Host], NotAfter = now.AddHours(-2) }); break;
            case "not yet valid": Write(new PkiLeaf { Hosts = [Host], NotBefore = now.AddDays(2) }); break;
            case "other name": Write(new PkiLeaf { Hosts = ["other.test"] }); break;
            default: throw new ArgumentException(fault, nameof(fault));
        }

        void Write(PkiLeaf leaf) => WriteOther(leaf, other => other.WriteTo(Path.GetDirectoryName(file.Certificate)!));

        void WriteOther(PkiLeaf leaf, Action<IssuedCertificate> write)
        {
            using var other = tls.Ca.Issue(leaf);
            write(other);
        }
    }
}
