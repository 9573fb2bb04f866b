using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Tls;

/// <summary>Sessions of the Direct engine belong to a name, not to its certificate, unless the key was compromised; on the system's OpenSSL and on 3.5.</summary>
public sealed partial class DirectSessionsTests(TlsFixture tls) : IDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_session_resumes_after_a_new_certificate_of_its_name()
    {
        const string Host = "swapped.test";
        using var first = tls.Ca.Issue(Host);
        using var second = tls.Ca.Issue(Host);
        var files = await SwappedFiles.CreateAsync(SwapStyle.Rename, _directory["files"], first);
        await using var edge = await EdgeProcess.StartAsync(tls.Setup(TestedEngine.Direct) with { Hosts = [Host], Files = [files.File] });
        foreach (var protocol in Protocols) AssertNew(await ConnectAsync(edge, Host, protocol, "-sess_out", _directory[protocol]));

        await files.SwapAsync(second);
        await edge.WaitForMetricsAsync(metrics => metrics.Sum("imgw_certificate_swaps_total", ("host", Host)) == 1, Patience);

        Assert.Equal(second.SerialNumber, await new EdgeClient(edge.Https, tls.Root.Certificate).ServedSerialAsync(Host));
        foreach (var protocol in Protocols) AssertReused(await ConnectAsync(edge, Host, protocol, "-sess_in", _directory[protocol]));
    }

    /// <summary>A client that resumes verifies that certificate: it gets no other.</summary>
    [Fact]
    public async Task A_session_ends_with_the_certificate_with_which_it_began_also_after_a_new_one()
    {
        const string Host = "swapped.test";
        var expiry = TimeProvider.System.GetUtcNow().AddHours(1);
        using var first = tls.Ca.Issue([Host], notAfter: expiry);
        using var second = tls.Ca.Issue(Host);
        var files = await SwappedFiles.CreateAsync(SwapStyle.Rename, _directory["files"], first);
        await using var edge = await EdgeProcess.StartAsync(tls.Setup(TestedEngine.Direct) with { Hosts = [Host], Files = [files.File] });
        foreach (var protocol in Protocols) AssertUntil(expiry, await ConnectAsync(edge, Host, protocol, "-sess_out", _directory[protocol]));

        await files.SwapAsync(second);
        await edge.WaitForMetricsAsync(metrics => metrics.Sum("imgw_certificate_swaps_total", ("host", Host)) == 1, Patience);

        // In TLS 1.3 a resumed session gives another ticket.
        var resumed = await ConnectAsync(edge, Host, "-tls1_3", "-sess_in", _directory["-tls1_3"], "-sess_out", _directory["next"]);
        AssertReused(resumed);
        AssertUntil(expiry, resumed);
        resumed = await ConnectAsync(edge, Host, "-tls1_3", "-sess_in", _directory["next"]);
        AssertReused(resumed);
        AssertUntil(expiry, resumed);
        foreach (var protocol in Protocols) Assert.Equal(TimeSpan.FromDays(1), Lifetime(await ConnectAsync(edge, Host, protocol)));
    }

    [Fact]
    public async Task A_session_ends_when_a_certificate_with_a_compromised_key_is_replaced()
    {
        await using var ca = await ScriptableCa.StartAsync(new ScriptableCaOptions { RetryAfter = TimeSpan.Zero });
        await using var edge = await EdgeProcess.StartListeningAsync(new EdgeSetup
        {
            Engine = TestedEngine.Direct,
            Hosts = [TlsFixture.Gateway],
            Ca = EdgeCa.Of(ca),
            Settings = new Dictionary<string, JsonNode?> { ["DataDirectory"] = _directory["data"] },
        });
        await edge.WaitForMetricsAsync(metrics => metrics.Sum("imgw_certificate_renewals_total", ("result", "success")) >= 1, Patience);
        foreach (var protocol in Protocols)
        {
            AssertNew(await ConnectAsync(edge, TlsFixture.Gateway, protocol, "-sess_out", _directory[protocol]));
            AssertReused(await ConnectAsync(edge, TlsFixture.Gateway, protocol, "-sess_in", _directory[protocol]));
        }

        var revoked = await EdgeVerb.RunAsync("cert", "revoke", TlsFixture.Gateway, "--reason", "keyCompromise", "--config", edge.ConfigFile);
        Assert.True(revoked.ExitCode == 0, revoked.Output + revoked.Error);
        await edge.WaitForMetricsAsync(metrics => metrics.Sum("imgw_certificate_renewals_total", ("result", "success"), ("reason", "revoked")) >= 1, Patience);

        foreach (var protocol in Protocols)
        {
            AssertNew(await ConnectAsync(edge, TlsFixture.Gateway, protocol, "-sess_in", _directory[protocol]));
            AssertNew(await ConnectAsync(edge, TlsFixture.Gateway, protocol, "-sess_out", _directory[protocol]));
            AssertReused(await ConnectAsync(edge, TlsFixture.Gateway, protocol, "-sess_in", _directory[protocol]));
        }
    }

    [Fact]
    public async Task On_OpenSSL_3_5_handshakes_and_sessions_are_the_same()
    {
        using var copy = ProgramCopy.CreateOnNewOpenSsl();
        await using var edge = await EdgeProcess.StartAsync(tls.Setup(TestedEngine.Direct) with { Program = copy.Program });

        foreach (var name in (string[])[TlsFixture.Gateway, "rsa.test"])
        {
            foreach (var protocol in Protocols)
            {
                AssertNew(await ConnectAsync(edge, name, protocol, "-sess_out", _directory[name + protocol]));
                AssertReused(await ConnectAsync(edge, name, protocol, "-sess_in", _directory[name + protocol]));
            }
        }

        // The engine is the configured one.
        Assert.DoesNotContain(edge.Log.Lines, line => line.Level is "Warning" && line.Message.Contains("SslStream", StringComparison.Ordinal));
    }

    static string[] Protocols => ["-tls1_2", "-tls1_3"];

    static void AssertNew(string output) => Assert.Contains("New, TLSv1.", output, StringComparison.Ordinal);

    static void AssertReused(string output) => Assert.Contains("Reused, TLSv1.", output, StringComparison.Ordinal);

    static void AssertUntil(DateTimeOffset expiry, string output) => Assert.InRange(TimeProvider.System.GetUtcNow() + Lifetime(output), TimeProvider.System.GetUtcNow(), expiry + Patience);

    /// <summary>Of the last ticket.</summary>
    static TimeSpan Lifetime(string output) => TimeSpan.FromSeconds(int.Parse(LifetimeHint().Matches(output)[^1].Groups["seconds"].Value, CultureInfo.InvariantCulture));

    [GeneratedRegex(@"ticket lifetime hint: (?<seconds>\d+) \(seconds\)", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex LifetimeHint();

    /// <summary>The client stays until the edge has closed, so that it has read its ticket.</summary>
    static async Task<string> ConnectAsync(EdgeProcess edge, string name, params string[] options)
    {
        var result = await ExternalTool.RunAsync(
            ExternalTool.OpenSsl,
            ["s_client", "-connect", edge.Https.ToString(), "-servername", name, "-ign_eof", .. options],
            $"GET /health HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n");
        Assert.True(result.ExitCode == 0, result.All);
        Assert.Contains("HTTP/1.1 ", result.Output, StringComparison.Ordinal);
        return result.Output;
    }
}
