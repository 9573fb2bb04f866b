using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Tls;

public sealed class ResumptionTests(TlsFixture tls)
{
    public static TheoryData<TestedEngine, string> EnginesAndProtocols =>
        [.. from engine in Engines.Product from protocol in (string[])["-tls1_2", "-tls1_3"] select Engines.Row(engine, protocol)];

    [Theory, MemberData(nameof(EnginesAndProtocols))]
    public async Task A_second_connection_resumes(TestedEngine engine, string protocol)
    {
        var edge = await tls.EdgeAsync(engine);
        using var directory = new TemporaryDirectory();
        var session = directory["session.pem"];

        var first = await ConnectAsync(edge, "alpha.test", protocol, "-sess_out", session);
        var second = await ConnectAsync(edge, "alpha.test", protocol, "-sess_in", session);

        Assert.Contains("New, TLSv1.", first, StringComparison.Ordinal);
        Assert.Contains("Reused, TLSv1.", second, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Engines.OfProduct), MemberType = typeof(Engines))]
    public async Task A_resumed_connection_gets_a_ticket_for_the_next_one(TestedEngine engine)
    {
        var edge = await tls.EdgeAsync(engine);
        using var directory = new TemporaryDirectory();
        var sessions = Enumerable.Range(0, 3).Select(number => directory[$"session{number}.pem"]).ToArray();

        await ConnectAsync(edge, "alpha.test", "-tls1_3", "-sess_out", sessions[0]);
        await ConnectAsync(edge, "alpha.test", "-tls1_3", "-sess_in", sessions[0], "-sess_out", sessions[1]);
        var third = await ConnectAsync(edge, "alpha.test", "-tls1_3", "-sess_in", sessions[1], "-sess_out", sessions[2]);

        Assert.Contains("Reused, TLSv1.3", third, StringComparison.Ordinal);
        // What s_client writes of the session in use is the ticket that was just sent.
        Assert.NotEqual(await File.ReadAllTextAsync(sessions[1], TestContext.Current.CancellationToken), await File.ReadAllTextAsync(sessions[2], TestContext.Current.CancellationToken));
    }

    [Theory, MemberData(nameof(EnginesAndProtocols))]
    public async Task A_session_of_one_name_is_not_resumed_for_another(TestedEngine engine, string protocol)
    {
        var edge = await tls.EdgeAsync(engine);
        using var directory = new TemporaryDirectory();
        var session = directory["session.pem"];

        await ConnectAsync(edge, "alpha.test", protocol, "-sess_out", session);
        var sameCertificate = await ConnectAsync(edge, "beta.test", protocol, "-sess_in", session);
        var otherCertificate = await ConnectAsync(edge, TlsFixture.Gateway, protocol, "-sess_in", session);

        // The same session still resumes where it belongs: the two above were refused for their name.
        var own = await ConnectAsync(edge, "alpha.test", protocol, "-sess_in", session);
        Assert.Contains("New, TLSv1.", sameCertificate, StringComparison.Ordinal);
        Assert.Contains("New, TLSv1.", otherCertificate, StringComparison.Ordinal);
        Assert.Contains("Reused, TLSv1.", own, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Engines.OfProduct), MemberType = typeof(Engines))]
    public async Task Early_data_is_not_offered(TestedEngine engine)
    {
        var edge = await tls.EdgeAsync(engine);

        var output = await ConnectAsync(edge, "alpha.test", "-tls1_3", "-msg");

        Assert.Contains("NewSessionTicket", output, StringComparison.Ordinal);
        Assert.DoesNotContain("Max Early Data: 1", output, StringComparison.Ordinal);
        Assert.Contains("Max Early Data: 0", output, StringComparison.Ordinal);
    }

    // The request keeps the client until the server has closed: tickets of TLS 1.3 come after the handshake.
    async Task<string> ConnectAsync(EdgeProcess edge, string name, params string[] options)
    {
        var result = await ExternalTool.RunAsync(ExternalTool.OpenSsl,
            ["s_client", "-connect", edge.Https.ToString(), "-servername", name, "-CAfile", tls.RootFile, "-verify_return_error", "-ign_eof", .. options],
            $"GET /health HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n");
        Assert.True(result.ExitCode == 0, result.All);
        return result.Output;
    }
}
