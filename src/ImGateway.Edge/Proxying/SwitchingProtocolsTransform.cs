using System.Net;
using System.Security.Cryptography;
using System.Text;
using Yarp.ReverseProxy.Transforms;

namespace ImGateway.Edge.Proxying;

/// <summary>
/// Accepts a 101 only as the response to a WebSocket handshake; any other 101 would open a raw tunnel to the upstream. Conversely, a
/// 2xx without an upgrade must not open a WebSocket over HTTP/2 (RFC 8441 §5). The upgraded stream goes to the WebSocket's lease, not to YARP.
/// </summary>
sealed class SwitchingProtocolsTransform : ResponseTransform
{
    const string WebSocket = "websocket";
    const string Key = "Sec-WebSocket-Key";
    const string Accept = "Sec-WebSocket-Accept";

    static ReadOnlySpan<byte> AcceptGuid => "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"u8;

    public override ValueTask ApplyAsync(ResponseTransformContext context)
    {
        if (context.ProxyResponse is not { } upstream) return default;
        var upgrade = context.HttpContext.Features.Get<WebSocketUpgrade>();
        if (upstream.StatusCode == HttpStatusCode.SwitchingProtocols)
        {
            if (upgrade is null || !IsGranted(upstream)) throw new HttpRequestException(HttpRequestError.InvalidResponse, "the upstream switched protocols unasked");
            return GrantAsync(context, upgrade, upstream);
        }

        if (upgrade is { IsExtendedConnect: true } && upstream.IsSuccessStatusCode)
        {
            throw new HttpRequestException(HttpRequestError.InvalidResponse, "the upstream answered an upgrade with success");
        }

        return default;
    }

    static async ValueTask GrantAsync(ResponseTransformContext context, WebSocketUpgrade upgrade, HttpResponseMessage upstream)
    {
        upgrade.Grant(await upstream.Content.ReadAsStreamAsync(context.CancellationToken));
        // YARP disposes the response, which must not dispose the stream.
        upstream.Content = null;
        context.SuppressResponseBody = true;
        var response = context.HttpContext.Response;
        if (upgrade.IsExtendedConnect)
        {
            // RFC 8441 §5.
            response.StatusCode = StatusCodes.Status200OK;
            response.Headers.Remove(Accept);
        }
        else
        {
            response.Headers.Upgrade = WebSocket;
        }
    }

    /// <summary>The client's checks of the server's handshake (RFC 6455 §4.1).</summary>
    static bool IsGranted(HttpResponseMessage response) =>
        response.Headers.NonValidated.TryGetValues("Upgrade", out var protocols)
        && protocols.Count == 1
        && string.Equals(protocols.ToString(), WebSocket, StringComparison.OrdinalIgnoreCase)
        && response.Headers.NonValidated.TryGetValues(Accept, out var accepted)
        && accepted.Count == 1
        && response.RequestMessage!.Headers.NonValidated.TryGetValues(Key, out var key)
        && string.Equals(accepted.ToString(), AcceptOf(key.ToString()), StringComparison.Ordinal);

    static string AcceptOf(string key)
    {
#pragma warning disable CA5350 // RFC 6455 §4.2.2 asks for SHA-1, which proves nothing here but that both sides speak the protocol.
        return Convert.ToBase64String(SHA1.HashData([.. Encoding.Latin1.GetBytes(key), .. AcceptGuid]));
#pragma warning restore CA5350
    }
}
