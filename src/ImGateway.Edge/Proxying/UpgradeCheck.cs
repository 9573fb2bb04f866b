using System.Collections.Frozen;
using ImGateway.Edge.Configuration;
using Microsoft.AspNetCore.Http.Features;

namespace ImGateway.Edge.Proxying;

/// <summary>
/// Which requests become WebSockets. No other protocol passes: an upgrade to anything else is a raw tunnel to the upstream, so its
/// header goes and the request is forwarded as the plain one it also is (RFC 9110 §7.8).
/// </summary>
sealed class UpgradeCheck(EdgeOptions options, RouteTable routes)
{
    const string WebSocket = "websocket";

    readonly FrozenSet<string> _origins = options.WebSockets.AllowedOrigins.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Whether to refuse a request to <paramref name="path"/>; else whether it is a WebSocket.</summary>
    public Refusal? Check(HttpContext context, ReadOnlySpan<char> path, out bool isWebSocket)
    {
        isWebSocket = false;
        var request = context.Request;
        if (HttpMethods.IsConnect(request.Method))
        {
            // RFC 8441 §4. A plain CONNECT asks for a tunnel.
            var connect = context.Features.Get<IHttpExtendedConnectFeature>();
            if (connect is not { IsExtendedConnect: true }) return Refusal.Method;
            if (!string.Equals(connect.Protocol, WebSocket, StringComparison.OrdinalIgnoreCase)) return Refusal.Protocol;
            // YARP makes its own key for the upstream and fails on one that the client sent without need.
            request.Headers.Remove("Sec-WebSocket-Key");
        }
        else
        {
            var upgrade = request.Headers.Upgrade;
            if (upgrade.Count == 0) return null;
            // RFC 9110 §7.8: of HTTP/1.0 it is passed over.
            if (!HttpMethods.IsGet(request.Method) || HttpProtocol.IsHttp10(request.Protocol) || !Names(upgrade.ToString()) || context.Features.Get<IHttpUpgradeFeature>() is not { IsUpgradableRequest: true })
            {
                request.Headers.Upgrade = default;
                return null;
            }

            request.Headers.Upgrade = WebSocket;
        }

        isWebSocket = true;
        if (!routes.MayUpgrade(path)) return Refusal.Upgrade;
        // Only browsers send an origin, and only there can a page open sockets behind its user's back (RFC 6455 §10.2).
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
