using ImGateway.Edge.Tests.Proxying;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Tls;

/// <summary>Hellos in the form of SSL 2.0, which clients of the nineties sent for every version (RFC 5246, appendix E.2).</summary>
public sealed class Ssl2HelloTests
{
    const string Rest = "\0\x03\0\0\0\x10\x01\0\x80" + "0123456789abcdef";

    [Theory]
    [InlineData("\x80\x1c\x01\0\x02" + Rest)]
    [InlineData("\x80\x1c\x01\x03\0" + Rest)]
    [InlineData("\x80\x1c\x01\x03\x01" + Rest)]
    [InlineData("\x80\x1c\x01\x03\x03" + Rest)]
    [InlineData("\x80")]
    public async Task Such_a_hello_gets_an_alert_and_no_HTTP(string hello)
    {
        await using var upstream = RecordingUpstream.Start();
        await using var edge = await ProxyHost.StartAsync(upstream);
        using var client = await RawClient.ConnectAsync(edge.Tls);

        await client.SendAsync(hello);

        // protocol_version (RFC 8446 §6.2).
        Assert.Equal("\x15\x03\x03\0\x02\x02\x46", await client.ReadToEndAsync());
        Assert.Equal(1, (await edge.MetricsAsync()).Sum("imgw_tls_handshake_failures_total", ("reason", "unsupported_protocol")));
    }
}
