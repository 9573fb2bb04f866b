using System.Text.Json.Nodes;
using ImGateway.Edge.Certificates.X509;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Acme;

/// <summary>The edge killed between the mark of a revocation and the order that satisfies it, with an order from before under way.</summary>
public sealed class KillDuringRevokeTests : IDisposable
{
    const string Host = "gateway.test";

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    readonly TemporaryDirectory _directory = new();

    string Store => _directory["data", "certificates", Host];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task After_a_kill_between_mark_and_order_the_next_edge_takes_a_new_key_and_leaves_none_of_the_old()
    {
        await using var ca = await ScriptableCa.StartAsync(new ScriptableCaOptions { RetryAfter = TimeSpan.Zero });
        var setup = new EdgeSetup
        {
            Hosts = [Host],
            Ca = EdgeCa.Of(ca),
            Settings = new Dictionary<string, JsonNode?> { ["DataDirectory"] = _directory["data"], ["Certificates:ReuseKey"] = true },
        };
        string leaked;
        await using (var edge = await EdgeProcess.StartListeningAsync(setup))
        {
            await edge.WaitForMetricsAsync(metrics => metrics.Sum("imgw_certificate_renewals_total", ("host", Host), ("result", "success")) >= 1, Patience);
            leaked = KeyIn(Path.Combine(Store, "current.pem"));
            ca.Fail(CaOperation.Finalize, CaFault.StuckInProcessing);
            var renewing = EdgeVerb.RunAsync("cert", "renew", Host, "--force", "--config", edge.ConfigFile);
            await ca.WaitUntilAsync(it => it.Recorded.Count(request => request.Operation == CaOperation.Finalize) >= 2, Patience);
            Assert.Equal(leaked, KeyIn(Path.Combine(Store, "pending.pem")));

            var revoking = EdgeVerb.RunAsync("cert", "revoke", Host, "--reason", "keyCompromise", "--config", edge.ConfigFile);
            await ca.WaitUntilAsync(it => it.Certificates.Any(certificate => certificate.Revoked is not null), Patience);
            await edge.KillAsync();
            await Task.WhenAll(renewing, revoking).WaitAsync(Patience);
        }

        await using var next = await EdgeProcess.StartListeningAsync(setup);
        await next.WaitForMetricsAsync(
            metrics => metrics.Sum("imgw_certificate_renewals_total", ("host", Host), ("result", "success"), ("reason", "revoked")) >= 1, Patience);

        Assert.NotEqual(leaked, KeyIn(Path.Combine(Store, "current.pem")));
        var files = Directory.EnumerateFiles(_directory["data"], "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None });
        Assert.All(files.Where(file => Path.GetExtension(file) == ".pem"), file => Assert.DoesNotContain(leaked, File.ReadAllText(file), StringComparison.Ordinal));
        Assert.Equal(0, await next.StopAsync(Patience));
    }

    /// <summary>A line of base64 that only this key has.</summary>
    static string KeyIn(string path) => PemDocument.KeysOf(File.ReadAllBytes(path)).Keys[0].Split('\n')[2];
}
