using System.Globalization;
using ImGateway.Edge.Challenges;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Connections;
using ImGateway.Edge.Connections.Limits;
using ImGateway.Edge.Proxying.Checks;
using ImGateway.Edge.Proxying.Upstream;
using Microsoft.AspNetCore.Http.Features;

namespace ImGateway.Edge.Proxying;

/// <summary>Port 80: answers http-01, and redirects or refuses everything else.</summary>
sealed class PlainHttpHandler(HttpChallenges challenges, ProxyMetrics metrics, TimeProvider time)
{
    public async Task HandleAsync(HttpContext context, RequestConfiguration configuration)
    {
        var started = time.GetTimestamp();
        configuration.Headers.AddTo(context.Response, overTls: false);
        // 1. http-01 requests are answered before Reject, the host check and all limits; an unknown token is 404.
        // 2. All other requests are redirected or refused, with 503 over a limit.
        var over = OverLimit(context);
        var refusal = !HttpChallengeEndpoint.IsChallengeRequest(context, challenges, out var keyAuthorization) ? over ?? Redirect(context, configuration) : keyAuthorization is null ? Refusal.NoRoute : null;
        if (refusal is not null)
        {
            metrics.OnRefused(refusal);
            await refusal.WriteAsync(context);
        }
        else if (keyAuthorization is not null)
        {
            await HttpChallengeEndpoint.WriteAsync(context, keyAuthorization);
        }

        metrics.OnAnswered(RouteLabel.Other, context.Response.StatusCode, time.GetElapsedTime(started));
    }

    /// <summary>A connection over a limit serves only one request.</summary>
    static Refusal? OverLimit(HttpContext context)
    {
        if (context.Features.Get<OverLimitFeature>() is not { } over) return null;
        context.Response.Headers.Connection = "close";
        return over.Refusal is ConnectionRefusal.Connections ? Refusal.Connections : Refusal.ConnectionsPerAddress;
    }

    /// <summary>Redirects to a configured host only, in its configured spelling, so that the client cannot influence the authority.</summary>
    static Refusal? Redirect(HttpContext context, RequestConfiguration configuration)
    {
        var (options, hosts) = (configuration.Options, configuration.Hosts);
        var request = context.Request;
        if (options.PlainHttp.Mode == PlainHttpMode.Reject) return Refusal.TlsRequired;
        if (HttpMethods.IsConnect(request.Method)) return Refusal.Method;
        if (!hosts.TryGetConfigured(request.Headers.Host.ToString(), out var host)) return Refusal.UnknownHost;
        var raw = context.Features.Get<IHttpRequestFeature>()!.RawTarget;
        if (raw.Length > options.Limits.UrlBytes) return Refusal.TargetTooLong;
        if (TargetCheck.OriginForm(raw) is not { } target || !TargetCheck.IsUnambiguous(target)) return Refusal.BadTarget;
        // RFC 9110 §15.4.2: after a 301 a client may change POST to GET.
        context.Response.StatusCode = HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method)
            ? StatusCodes.Status301MovedPermanently
            : StatusCodes.Status308PermanentRedirect;
        var port = options.PlainHttp.HttpsPort;
        context.Response.Headers.Location = port == 443 ? $"https://{host.UriHost}{target}" : string.Create(CultureInfo.InvariantCulture, $"https://{host.UriHost}:{port}{target}");
        context.Response.ContentLength = 0;
        return null;
    }
}
