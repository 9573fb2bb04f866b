using System.Diagnostics;
using ImGateway.Edge.Tests.Tls;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Certificates.Stapling;

public sealed class StaplingOverTlsTests : IDisposable
{
    const string Host = "gateway.test";

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    readonly TemporaryDirectory _directory = new();
    readonly TestCa _root = TestCa.Create("Stapling Root");
    readonly TestCa _ca;

    public StaplingOverTlsTests()
    {
        _ca = _root.CreateIntermediate("Stapling CA");
        File.WriteAllText(_directory["root.pem"], _root.Pem);
    }

    [Theory, MemberData(nameof(Engines.OfProduct), MemberType = typeof(Engines))]
    public async Task Clients_are_shown_what_the_responder_said_and_go_on_resuming(TestedEngine engine)
    {
        var address = OpenSslResponder.FreeAddress();
        using var issued = _ca.Issue(new PkiLeaf { Hosts = [Host], OcspResponders = [address.AbsoluteUri] });
        await using var responder = await OpenSslResponder.StartAsync(_ca, address, issued);
        await using var upstream = await EchoUpstream.StartAsync();
        await using var edge = await StartAsync(engine, issued, upstream.Address);
        await edge.WaitForMetricsAsync(metrics => metrics.Sum("imgw_ocsp_staple_state", ("host", Host), ("state", "good")) == 1, Patience);

        foreach (var protocol in (string[])["-tls1_2", "-tls1_3"])
        {
            var session = _directory["session.pem"];
            var first = await ConnectAsync(edge, protocol, "-sess_out", session);
            Assert.Contains("OCSP Response Status: successful", first, StringComparison.Ordinal);
            Assert.Contains("Cert Status: good", first, StringComparison.Ordinal);
            Assert.Contains("New, TLSv1.", first, StringComparison.Ordinal);
            Assert.Contains("Reused, TLSv1.", await ConnectAsync(edge, protocol, "-sess_in", session), StringComparison.Ordinal);
        }

        var shown = await (await edge.GetManagementAsync($"/api/certificates/{Host}")).Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Contains("\"ocsp\": \"good\"", shown, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_responder_that_hangs_keeps_no_handshake_waiting(TestedEngine engine)
    {
        await using var responder = await ScriptedResponder.StartAsync();
        var asked = new TaskCompletionSource();
        responder.Answer(async context =>
        {
            asked.TrySetResult();
            var gone = new TaskCompletionSource();
            await using (context.RequestAborted.Register(gone.SetResult)) await gone.Task;
        });
        using var issued = _ca.Issue(new PkiLeaf { Hosts = [Host], OcspResponders = [responder.Url] });
        await using var upstream = await EchoUpstream.StartAsync();
        await using var edge = await StartAsync(engine, issued, upstream.Address);
        await asked.Task.WaitAsync(Patience, TestContext.Current.CancellationToken);

        var started = Stopwatch.GetTimestamp();
        var output = await ConnectAsync(edge, "-tls1_3");

        Assert.Contains("OCSP response: no response sent", output, StringComparison.Ordinal);
        // The responder is given ten seconds.
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(8), $"{Stopwatch.GetElapsedTime(started)}");
        Assert.Equal(1, (await edge.GetMetricsAsync()).Sum("imgw_ocsp_staple_state", ("host", Host), ("state", "stale")));
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_certificate_that_names_no_responder_is_served_without(TestedEngine engine)
    {
        using var issued = _ca.Issue(Host);
        await using var upstream = await EchoUpstream.StartAsync();
        await using var edge = await StartAsync(engine, issued, upstream.Address);

        Assert.Contains("OCSP response: no response sent", await ConnectAsync(edge, "-tls1_2"), StringComparison.Ordinal);
        Assert.Empty((await edge.GetMetricsAsync()).Of("imgw_ocsp_staple_state"));
    }

    public void Dispose()
    {
        _ca.Dispose();
        _root.Dispose();
        _directory.Dispose();
    }

    Task<EdgeProcess> StartAsync(TestedEngine engine, IssuedCertificate issued, Uri upstream) => EdgeProcess.StartAsync(new EdgeSetup
    {
        Engine = engine,
        Hosts = [Host],
        Upstream = upstream,
        Files = [issued.WriteTo(_directory.Path)],
    });

    async Task<string> ConnectAsync(EdgeProcess edge, params string[] options)
    {
        var result = await ExternalTool.RunAsync(ExternalTool.OpenSsl,
            ["s_client", "-connect", edge.Https.ToString(), "-servername", Host, "-CAfile", _directory["root.pem"], "-verify_return_error", "-status", "-ign_eof", .. options],
            $"GET /health HTTP/1.1\r\nHost: {Host}\r\nConnection: close\r\n\r\n");
        Assert.True(result.ExitCode == 0, result.All);
        return result.Output;
    }
}
