using System.Text.Json;
using ImGateway.Edge.Proxying;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace ImGateway.Edge.Operations;

/// <summary>
/// Everything the control socket answers; the only way to change what the running edge serves. Between this program and itself, so it may change
/// with any version:
/// 1. the caller is the edge's own user or root, else 403;
/// 2. the path's answer, else 404; a change that is refused is 422 with its reasons.
/// </summary>
sealed partial class ControlApi(RequestDelegate next, EdgeStatus status, ILogger<ControlApi> logger)
{
    /// <summary>Certificate, chain and key, with room to spare.</summary>
    const long LargestBody = 1024 * 1024;

    const string CertificatePrefix = "/certificates/", RollbackSuffix = "/rollback";

    public Task InvokeAsync(HttpContext context)
    {
        if (context.Features.Get<ListenerFeature>() is not { Kind: ListenerKind.Control }) return next(context);

        var peer = context.Features.Get<IConnectionSocketFeature>() is { } connection ? ControlPeer.Of(connection.Socket) : null;
        if (peer is { MayAct: false })
        {
            Refused(peer.Value);
            return RefuseAsync(context, StatusCodes.Status403Forbidden, "the control socket answers only the user that the edge runs as, and root; run the verb as one of them");
        }

        context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = LargestBody;
        return (context.Request.Method, context.Request.Path.Value!) switch
        {
            ("GET", "/health") => HealthAsync(context),
            ("GET", "/certificates") => AnswerAsync(context, StatusCodes.Status200OK, status.Certificates()),
            ("GET", var path) when path.StartsWith(CertificatePrefix, StringComparison.Ordinal) => CertificateAsync(context, path[CertificatePrefix.Length..]),
            _ => RefuseAsync(context, StatusCodes.Status404NotFound, "the running edge does not know this request; use the imgw of the same version"),
        };
    }

    Task HealthAsync(HttpContext context)
    {
        var ready = status.Ready();
        return AnswerAsync(context, ready.Ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable, ready);
    }

    Task CertificateAsync(HttpContext context, string name) => status.Certificate(name) is { } certificate
        ? AnswerAsync(context, StatusCodes.Status200OK, certificate)
        : RefuseAsync(context, StatusCodes.Status404NotFound, "no managed certificate of that name");

    static Task RefuseAsync(HttpContext context, int code, params string[] problems) => AnswerAsync(context, code, new ControlProblems(problems));

    static Task AnswerAsync<T>(HttpContext context, int code, T value)
    {
        context.Response.StatusCode = code;
        return context.Response.WriteAsJsonAsync(value, EdgeStatus.Json, context.RequestAborted);
    }

    [LoggerMessage(1, LogLevel.Warning, "Control socket: {Peer} refused")]
    partial void Refused(ControlPeer peer);
}
