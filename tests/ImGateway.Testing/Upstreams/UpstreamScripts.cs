using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace ImGateway.Testing;

/// <summary>What upstreams do, well-behaved and otherwise.</summary>
public static partial class UpstreamScripts
{
    /// <summary>Never answers.</summary>
    public static UpstreamScript Hang { get; } = async (connection, _) =>
    {
        while (await connection.ReadAsync() != "")
        {
            // Nothing to say.
        }
    };

    public static UpstreamScript Answer(string body, string headers = "", string status = "200 OK") => (connection, _) =>
        connection.SendAsync($"HTTP/1.1 {status}\r\nContent-Length: {body.Length}\r\n{headers}\r\n{body}");

    /// <summary>Sends this and waits for the end.</summary>
    public static UpstreamScript Send(string raw) => async (connection, head) =>
    {
        await connection.SendAsync(raw);
        await Hang(connection, head);
    };

    public static UpstreamScript ResetAfter(string raw) => async (connection, _) =>
    {
        await connection.SendAsync(raw);
        connection.Reset();
    };

    /// <summary>Grants the upgrade, then runs a script on the bytes that are no longer HTTP.</summary>
    public static UpstreamScript Upgrade(Func<UpstreamConnection, Task> afterwards) => async (connection, head) =>
    {
        await connection.SendAsync(SwitchingProtocols(head));
        await afterwards(connection);
    };

    /// <summary>Grants the upgrade and sends back each byte.</summary>
    public static UpstreamScript UpgradeAndEcho { get; } = Upgrade(async connection =>
    {
        while (await connection.ReadAsync() is { Length: > 0 } text) await connection.SendAsync(text);
        connection.Close();
    });

    /// <summary>The answer that RFC 6455 §4.2.2 asks for.</summary>
    public static string SwitchingProtocols(string head)
    {
        var key = Key().Match(head).Groups["key"].Value;
#pragma warning disable CA5350 // RFC 6455 §1.3 asks for SHA-1.
        var accept = Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
#pragma warning restore CA5350
        return $"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {accept}\r\n\r\n";
    }

    [GeneratedRegex("""Sec-WebSocket-Key: (?<key>\S+)""", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Key();
}
