using System.Net;
using System.Security.Cryptography;
using System.Text;
using Yarp.ReverseProxy.Transforms;

namespace ImGateway.Edge.Proxying;

/// <summary>
/// 101 answers a WebSocket's upgrade and nothing else: anything more would be a raw tunnel to the upstream. The other way round, a
/// 2xx that is no upgrade would open a WebSocket over HTTP/2 that is none (RFC 8441 §5). What was granted goes to the lease of the WebSocket, not to YARP.
/// </summary>
sealed class SwitchingProtocols : ResponseTransform
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
        // YARP disposes of its response, which must not take the stream with it.
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

    /// <summary>RFC 6455 §4.1: what a client must find in the answer, whoever made the key.</summary>
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
