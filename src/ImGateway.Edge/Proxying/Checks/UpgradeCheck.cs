using System.Collections.Frozen;
using ImGateway.Edge.Configuration;
using Microsoft.AspNetCore.Http.Features;

namespace ImGateway.Edge.Proxying.Checks;

/// <summary>
/// Decides which requests may become WebSockets. An upgrade to another protocol would be a raw tunnel to the upstream, so its
/// header is removed and the request is forwarded as a plain request (RFC 9110 §7.8).
/// </summary>
sealed class UpgradeCheck(EdgeOptions options, RouteTable routes)
{
    const string WebSocket = "websocket";

    readonly FrozenSet<string> _origins = options.WebSockets.AllowedOrigins.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Returns the refusal of a request to <paramref name="path"/>, or null and whether the request is a WebSocket handshake.</summary>
    public Refusal? Check(HttpContext context, ReadOnlySpan<char> path, out bool isWebSocket)
    {
        isWebSocket = false;
        var request = context.Request;
        if (HttpMethods.IsConnect(request.Method))
        {
            // RFC 8441 §4. RequestFlow has refused a CONNECT without :protocol, which requests a tunnel.
            var connect = context.Features.Get<IHttpExtendedConnectFeature>();
            if (!string.Equals(connect?.Protocol, WebSocket, StringComparison.OrdinalIgnoreCase)) return Refusal.Protocol;
            // YARP generates a key for the upstream and fails if the client sent one, which RFC 8441 does not need.
            request.Headers.Remove("Sec-WebSocket-Key");
        }
        else
        {
            var upgrade = request.Headers.Upgrade;
            if (upgrade.Count == 0) return null;
            // RFC 9110 §7.8: Upgrade is ignored in HTTP/1.0.
            if (!HttpMethods.IsGet(request.Method) || HttpProtocol.IsHttp10(request.Protocol) || !Names(upgrade.ToString()) || context.Features.Get<IHttpUpgradeFeature>() is not { IsUpgradableRequest: true })
            {
                request.Headers.Upgrade = default;
                return null;
            }

            request.Headers.Upgrade = WebSocket;
        }

        isWebSocket = true;
        if (!routes.MayUpgrade(path)) return Refusal.Upgrade;
        // Only browsers send Origin, and only in browsers can a foreign page open sockets (RFC 6455 §10.2).
        var origin = request.Headers.Origin;
        return _origins.Count == 0 || origin.Count == 0 || (origin.Count == 1 && _origins.Contains(origin.ToString())) ? null : Refusal.Origin;
    }

    static bool Names(ReadOnlySpan<char> upgrade)
    {
        foreach (var range in upgrade.Split(','))
        {
            if (upgrade[range].Trim().Equals(WebSocket, StringComparison.OrdinalIgnoreCase)) return true;
        }

        return false;
    }
}
