using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Acme;

/// <summary>The edge killed while it orders and saves a certificate: five times here, two hundred times by <c>tests/long/kill-issue</c>.</summary>
public sealed class KillDuringIssueTests : IDisposable
{
    const string Host = "gateway.test";

    /// <summary>From the first request to the CA to the swap takes no longer than this.</summary>
    static readonly TimeSpan Issuing = TimeSpan.FromSeconds(1.8);

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    static readonly int Rounds = int.Parse(Environment.GetEnvironmentVariable("IMGW_KILL_ROUNDS") ?? "5");

    readonly TemporaryDirectory _directory = new();
    readonly HashSet<string> _seen = [];
    int _interrupted;

    string Store => _directory["data", "certificates", Host];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task After_a_kill_at_any_moment_key_and_certificate_match_and_nothing_that_was_issued_is_lost()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        // Due as soon as it is there.
        await using var ca = await ScriptableCa.StartAsync(new ScriptableCaOptions { Lifetime = TimeSpan.FromHours(6), RetryAfter = TimeSpan.Zero, ReuseOrders = true });
        var setup = new EdgeSetup
        {
            Hosts = [Host],
            Ca = EdgeCa.Of(ca),
            Settings = new Dictionary<string, JsonNode?> { ["DataDirectory"] = _directory["data"], ["Acme:RenewAt"] = 0.9999 },
        };
        var serial = "";
        for (var round = 0; round < Rounds; round++)
        {
            // Every order counts in the edge's own budget, because none is within the window that the CA suggests.
            ForgetBudget();
            var asked = ca.Recorded.Count;
            await using var edge = await EdgeProcess.StartListeningAsync(setup);
            await ca.WaitUntilAsync(it => it.Recorded.Count > asked, Patience);
            await Task.Delay(random.NextDouble() * Issuing, TimeProvider.System);
            await edge.KillAsync();

            serial = AssertWhole(serial, $"seed {seed}, round {round}");
        }

        // What was under way is finished.
        ForgetBudget();
        await using (var last = await EdgeProcess.StartListeningAsync(setup))
        {
            await last.WaitForMetricsAsync(
                metrics => metrics.Sum("imgw_certificate_renewals_total", ("host", Host), ("result", "success")) >= 1, Patience);
            Assert.Equal(0, await last.StopAsync(Patience));
            AssertWhole(serial, $"seed {seed}, at the end");
            Assert.DoesNotContain(Directory.EnumerateFiles(_directory["data"], ".*", SearchOption.AllDirectories), _ => true);
            _seen.UnionWith(AuditLines.In(_directory["data"]).Where(line => line.NewSerial is not null).Select(line => line.NewSerial!));
        }

        TestContext.Current.SendDiagnosticMessage(
            $"{Rounds} kills, {_interrupted} of them amid an order: {ca.OrdersCreated} orders, {ca.OrdersFailed} of them because the CA found no edge, {ca.CertificatesIssued} certificates, {_seen.Count} of those served, {AccountsAt(ca)} account(s)");
        // The last edge may have been stopped amid its next order: the next start would finish that.
        var underWay = File.Exists(Path.Combine(Store, "pending.pem")) ? 1 : 0;
        Assert.True(
            ca.CertificatesIssued - _seen.Count is var missing && missing >= 0 && missing <= underWay,
            $"seed {seed}: {ca.CertificatesIssued} issued, {_seen.Count} served, {underWay} under way");
        // Where the edge did not run when the CA validated, the order is invalid and another is needed (RFC 8555 §7.1.6).
        Assert.True(
            ca.OrdersCreated - ca.CertificatesIssued - ca.OrdersFailed is var open && open >= 0 && open <= underWay,
            $"seed {seed}: {ca.OrdersCreated} orders, of which {ca.OrdersFailed} failed, for {ca.CertificatesIssued} certificates, {underWay} under way");
        Assert.Equal(1, AccountsAt(ca));
    }

    void ForgetBudget()
    {
        if (!Directory.Exists(_directory["data", "accounts"])) return;
        foreach (var file in Directory.EnumerateFiles(_directory["data", "accounts"], "limits.json", SearchOption.AllDirectories)) File.Delete(file);
    }

    static int AccountsAt(ScriptableCa ca) => ca.Recorded.Count(request => request is { Operation: CaOperation.NewAccount, Status: 201 });

    /// <returns>The serial number stored now.</returns>
    string AssertWhole(string before, string when)
    {
        if (!Directory.Exists(Store)) return before;
        var current = Path.Combine(Store, "current.pem");
        Assert.True(before.Length == 0 || File.Exists(current), $"{when}: {before} is lost");
        // Temporary files have a dot in front, and the next start removes them.
        Assert.Subset(
            new HashSet<string?>(["current.pem", "previous.pem", "state.json", "pending.pem"]),
            Directory.EnumerateFiles(Store).Select(Path.GetFileName).Where(name => name![0] != '.').ToHashSet());
        if (File.Exists(Path.Combine(Store, "pending.pem"))) _interrupted++;
        if (!File.Exists(current)) return before;

        // Throws where key and certificate are not each other's.
        using var loaded = X509Certificate2.CreateFromPemFile(current, current);
        _seen.Add(loaded.SerialNumber);
        return loaded.SerialNumber;
    }
}
