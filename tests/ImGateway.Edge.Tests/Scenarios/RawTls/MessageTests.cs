using System.Text;
using ImGateway.Edge.Tests.Tls;
using ImGateway.Testing;
using static ImGateway.Testing.RawTls13Client;

namespace ImGateway.Edge.Tests.Scenarios.RawTls;

/// <summary>Messages that libraries send seldom or never, during and after the handshake (RFC 8446 §4).</summary>
public sealed class MessageTests(TlsFixture tls)
{
    /// <summary>SslStream never sends the warning that OpenSSL writes: the client waits until its own time-out.</summary>
    public static TheoryData<TestedEngine> NotSslStream => [.. Enum.GetValues<TestedEngine>().Where(engine => engine is not TestedEngine.SslStream).Select(engine => Engines.Row(engine))];

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_hello_with_reserved_values_everywhere_is_served(TestedEngine engine)
    {
        using var target = new RawTlsTarget(await tls.EdgeAsync(engine));
        // GREASE (RFC 8701 §3).
        var hello = HelloFor(TlsFixture.Gateway);
        hello = hello with
        {
            CipherSuites = [0x0a0a, .. hello.CipherSuites],
            Groups = [0x1a1a, .. hello.Groups],
            SupportedVersions = [0x2a2a, .. hello.SupportedVersions],
            SignatureAlgorithms = [0x3a3a, .. hello.SignatureAlgorithms],
            Alpn = ["\x4a\x4a", "http/1.1"],
            MoreExtensions = [(0x5a5a, []), (0x6a6a, [0])],
        };

        using var client = await target.HandshakeAsync(hello);

        Assert.Equal("http/1.1", client.Alpn);
        await target.AssertServesAsync(client);
    }

    [Theory, MemberData(nameof(Engines.OfProduct), MemberType = typeof(Engines))]
    public async Task Only_a_hello_without_compression_is_served(TestedEngine engine)
    {
        var edge = await tls.EdgeAsync(engine);
        foreach (var methods in (byte[][])[[], [1], [1, 0]])
        {
            using var target = new RawTlsTarget(edge);
            using var client = new RawTls13Client(await target.ConnectAsync());

            // RFC 8446 §4.1.2: exactly one zero, else illegal_parameter.
            Assert.False(await client.HandshakeAsync(HelloFor(TlsFixture.Gateway) with { CompressionMethods = methods }, target.Limit));
            Assert.True(client.Alert is null or RawTlsTarget.IllegalParameter or RawTlsTarget.DecodeError, $"alert {client.Alert}");
        }
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_hello_without_key_share_is_retried(TestedEngine engine)
    {
        using var target = new RawTlsTarget(await tls.EdgeAsync(engine));

        using var client = await target.HandshakeAsync(create: stream => new RawTls13Client(stream) { SendsShare = false });

        Assert.True(client.Retried);
        Assert.Equal(tls.Default.SerialNumber, client.Certificate!.SerialNumber);
        await target.AssertServesAsync(client);
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_second_hello_for_another_name_gets_no_host_whose_certificate_it_was_not_given(TestedEngine engine)
    {
        var edge = await tls.EdgeAsync(engine);
        foreach (var host in (string[])[TlsFixture.Gateway, "alpha.test"])
        {
            using var target = new RawTlsTarget(edge);
            using var client = new RawTls13Client(await target.ConnectAsync()) { SendsShare = false, SecondHello = hello => hello with { ServerName = "alpha.test" } };

            // RFC 8446 §4.1.2 forbids the change, so that the server may refuse it. Where it does not, certificate and host belong together.
            if (!await client.HandshakeAsync(RawTls13Client.HelloFor(TlsFixture.Gateway), target.Limit)) continue;
            var covered = client.Certificate!.SerialNumber == tls.Default.SerialNumber ? TlsFixture.Gateway : "alpha.test";
            await client.SendAsync(ApplicationDataType, Encoding.ASCII.GetBytes($"GET /api HTTP/1.1\r\nHost: {host}\r\n\r\n"), target.Limit);
            Assert.StartsWith(host == covered ? "HTTP/1.1 200 " : "HTTP/1.1 421 ", await client.ReadUntilAsync("\r\n\r\n", target.Limit), StringComparison.Ordinal);
        }
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task A_second_hello_without_key_share_again_is_refused(TestedEngine engine)
    {
        using var target = new RawTlsTarget(await tls.EdgeAsync(engine));
        using var client = new RawTls13Client(await target.ConnectAsync()) { SendsShare = false, SecondHello = hello => hello with { MoreExtensions = [(51, [0, 0])] } };

        Assert.False(await client.HandshakeAsync(HelloFor(TlsFixture.Gateway), target.Limit));
    }

    [Theory, MemberData(nameof(Engines.OfProduct), MemberType = typeof(Engines))]
    public async Task Early_data_is_skipped_and_the_handshake_completed(TestedEngine engine)
    {
        using var target = new RawTlsTarget(await tls.EdgeAsync(engine));
        // An identity that no server has issued; early data that cannot be decrypted (RFC 8446 §4.2.10).
        byte[] identity = [.. Enumerable.Repeat((byte)7, 64)], binder = new byte[32];
        var hello = HelloFor(TlsFixture.Gateway) with
        {
            MoreExtensions = [(45, [1, 1]), (42, []), (41, [0, 70, 0, 64, .. identity, 0, 0, 0, 0, 0, 33, 32, .. binder])],
        };

        using var client = await target.HandshakeAsync(hello, stream => new RawTls13Client(stream) { BehindHello = [ApplicationDataType, 3, 3, 0, 100, .. new byte[100]] });

        await target.AssertServesAsync(client);
    }

    [Theory, MemberData(nameof(Engines.OfProduct), MemberType = typeof(Engines))]
    public async Task Key_updates_are_followed(TestedEngine engine)
    {
        using var target = new RawTlsTarget(await tls.EdgeAsync(engine));
        using var client = await target.HandshakeAsync();

        for (var i = 0; i < 20; i++) await client.SendRawAsync(client.SealKeyUpdate(requested: i % 2 == 0), target.Limit);

        await target.AssertServesAsync(client);
    }

    [Theory, MemberData(nameof(Engines.OfProduct), MemberType = typeof(Engines))]
    public async Task Key_updates_without_end_are_served_or_refused_and_cost_no_other_client(TestedEngine engine)
    {
        var edge = await tls.EdgeAsync(engine);
        using RawTlsTarget target = new(edge), other = new(edge);
        using var client = await target.HandshakeAsync();

        try
        {
            for (var i = 0; i < 5000; i++) await client.SendRawAsync(client.SealKeyUpdate(requested: true), target.Limit);
            await client.SendAsync(ApplicationDataType, Encoding.ASCII.GetBytes(RawTlsTarget.Request), target.Limit);
        }
        catch (IOException)
        {
            // Refused.
        }

        var response = await client.ReadUntilAsync("\r\n\r\n", target.Limit);
        Assert.True(response.Length == 0 || response.StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal), response);
        using var ordinary = await other.HandshakeAsync();
        await other.AssertServesAsync(ordinary);
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Messages_that_a_client_must_not_send_after_the_handshake_end_it(TestedEngine engine)
    {
        var edge = await tls.EdgeAsync(engine);
        // HelloRequest, ClientHello (a renegotiation), ServerHello, NewSessionTicket, EncryptedExtensions, CertificateRequest, Finished, and an unknown type.
        foreach (var type in (byte[])[0, 1, 2, 4, 8, 13, 20, 99])
        {
            using var target = new RawTlsTarget(edge);
            using var client = await target.HandshakeAsync();

            await client.SendAsync(HandshakeType, type == 1 ? HelloFor(TlsFixture.Gateway).ToMessage() : [type, 0, 0, 4, 0, 0, 0, 0], target.Limit);

            await target.AssertEndedAsync(client, RawTlsTarget.UnexpectedMessage, RawTlsTarget.DecodeError, RawTlsTarget.IllegalParameter);
        }
    }

    [Theory, MemberData(nameof(Engines.OfProduct), MemberType = typeof(Engines))]
    public async Task A_client_that_leaves_within_a_message_after_the_handshake_is_no_error_of_the_edge(TestedEngine engine)
    {
        await using var edge = await EdgeProcess.StartAsync(tls.Setup(engine));
        using var target = new RawTlsTarget(edge);
        using var client = await target.HandshakeAsync();
        const byte keyUpdate = 24;

        await client.SendAsync(HandshakeType, [keyUpdate, 0, 0, 1], target.Limit);
        target.FinishSending();

        Assert.Empty(await client.ReadUntilAsync("no such text", target.Limit));
        await edge.StopAsync(TimeSpan.FromSeconds(30));
        Assert.DoesNotContain(edge.Log.Lines, line => line.Level is "Error" or "Fatal");
    }

    [Theory, MemberData(nameof(Engines.OfProduct), MemberType = typeof(Engines))]
    public async Task Alerts_without_end_end_the_connection(TestedEngine engine)
    {
        using var target = new RawTlsTarget(await tls.EdgeAsync(engine));
        using var client = await target.HandshakeAsync();
        const byte warning = 1, userCanceled = 90;

        try
        {
            for (var i = 0; i < 1000; i++) await client.SendAsync(AlertType, [warning, userCanceled], target.Limit);
        }
        catch (IOException)
        {
            // Closed meanwhile.
        }

        await target.AssertEndedAsync(client, 0, RawTlsTarget.UnexpectedMessage);
    }

    [Theory, MemberData(nameof(Engines.OfProduct), MemberType = typeof(Engines))]
    public async Task A_request_with_close_notify_behind_it_is_answered(TestedEngine engine)
    {
        using var target = new RawTlsTarget(await tls.EdgeAsync(engine));
        using var client = await target.HandshakeAsync();

        // RFC 8446 §6.1: close_notify closes one direction only.
        await client.SendRawAsync([.. client.Seal(ApplicationDataType, Encoding.ASCII.GetBytes(RawTlsTarget.Request)), .. client.Seal(AlertType, [1, 0])], target.Limit);

        Assert.StartsWith("HTTP/1.1 200 ", await client.ReadUntilAsync("\r\n\r\n", target.Limit), StringComparison.Ordinal);
        await client.ReadUntilAsync("no such text", target.Limit);
        Assert.Equal((byte)0, client.Alert);
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Close_notify_is_answered_by_close_notify(TestedEngine engine)
    {
        using var target = new RawTlsTarget(await tls.EdgeAsync(engine));
        using var client = await target.HandshakeAsync();

        await client.SendAsync(AlertType, [1, 0], target.Limit);

        Assert.Empty(await client.ReadUntilAsync("no such text", target.Limit));
        Assert.Equal((byte)0, client.Alert);
    }

    [Theory, MemberData(nameof(NotSslStream))]
    public async Task Renegotiation_is_refused(TestedEngine engine)
    {
        var edge = await tls.EdgeAsync(engine);

        var result = await ExternalTool.RunAsync(ExternalTool.OpenSsl,
            ["s_client", "-connect", edge.Https.ToString(), "-servername", TlsFixture.Gateway, "-CAfile", tls.RootFile, "-tls1_2", "-legacy_renegotiation"], "R\n");

        Assert.Contains("RENEGOTIATING", result.All, StringComparison.Ordinal);
        Assert.Contains("no renegotiation", result.All, StringComparison.Ordinal);
    }
}
