using System.Text.Json;
using ImGateway.Edge.Certificates;
using ImGateway.Edge.Certificates.Installation;
using ImGateway.Edge.Certificates.Issuance;
using ImGateway.Edge.Certificates.Renewal;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Connections;
using ImGateway.Edge.Operations.Reload;
using ImGateway.Edge.Operations.Shutdown;
using ImGateway.Edge.Operations.Status;
using ImGateway.Edge.Proxying.Checks;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace ImGateway.Edge.Operations.Control;

/// <summary>
/// The API of the control socket, the only way to change what the running edge serves. Its only client is this program, so it may change
/// with any version. For each request:
/// 1. the caller must be the edge's own user or root, otherwise 403;
/// 2. the handler of the path, otherwise 404; a refused change is 422 with the reasons.
/// </summary>
sealed partial class ControlApi(
    RequestDelegate next,
    StatusCollector status,
    OperatorInstalls installs,
    OperatorRenewals renewals,
    ConfigurationReload reload,
    CurrentOptions options,
    GracefulShutdown shutdown,
    IHostApplicationLifetime life,
    ILogger<ControlApi> logger)
{
    /// <summary>Upper bound for certificate, chain and key together.</summary>
    const long LargestBody = 1024 * 1024;

    const string CertificatePrefix = "/certificates/";

    public Task InvokeAsync(HttpContext context)
    {
        if (context.Features.Get<ConnectionFactsFeature>() is not { Kind: ListenerKind.Control }) return next(context);

        var peer = context.Features.Get<IConnectionSocketFeature>() is { } connection ? ControlPeer.Of(connection.Socket) : null;
        if (peer is { MayAct: false })
        {
            Refused(peer.Value);
            return RefuseAsync(context, StatusCodes.Status403Forbidden, "the control socket answers only the user that the edge runs as, and root; run the verb as one of them");
        }

        context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = LargestBody;
        var who = peer?.ToString() ?? "control socket";
        return (context.Request.Method, context.Request.Path.Value ?? "") switch
        {
            ("GET", "/health") => HealthAsync(context),
            ("GET", "/limits") => AnswerAsync(context, StatusCodes.Status200OK, status.Limits()),
            ("GET", "/certificates") => AnswerAsync(context, StatusCodes.Status200OK, status.Certificates()),
            ("GET", var path) when path.StartsWith(CertificatePrefix, StringComparison.Ordinal) => CertificateAsync(context, path[CertificatePrefix.Length..]),
            ("POST", "/reload") => ReloadAsync(context, who),
            ("POST", "/drain") => ControlProgress.AnswerAsync(context, async progress => ControlDrained.Of(await shutdown.FollowAsync(progress))),
            ("POST", "/certificates/import") => ImportAsync(context, who),
            ("POST", var path) when path.StartsWith(CertificatePrefix, StringComparison.Ordinal) => path[CertificatePrefix.Length..].Split('/') switch
            {
                [var name, "rollback"] => RollbackAsync(context, name, who),
                [var name, "renew"] => RenewAsync(context, name, who),
                [var name, "revoke"] => RevokeAsync(context, name, who),
                _ => UnknownAsync(context),
            },
            _ => UnknownAsync(context),
        };
    }

    /// <summary>Not cancelled with the request: a change completes or fails as a whole.</summary>
    async Task ReloadAsync(HttpContext context, string who)
    {
        var result = await reload.ReloadAsync(who, life.ApplicationStopping);
        await (result.Succeeded
            ? AnswerAsync(context, StatusCodes.Status200OK, new ControlReloaded(result.Changes, result.Warnings, result.Since) { RefusedFiles = result.RefusedFiles })
            : RefuseAsync(context, StatusCodes.Status422UnprocessableEntity, [.. result.Problems]));
    }

    Task HealthAsync(HttpContext context)
    {
        var ready = status.Ready();
        return AnswerAsync(context, ready.Ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable, ready);
    }

    Task CertificateAsync(HttpContext context, string name) => status.Certificate(name) is { } certificate
        ? AnswerAsync(context, StatusCodes.Status200OK, certificate)
        : RefuseAsync(context, StatusCodes.Status404NotFound, "no managed certificate of that name");

    async Task ImportAsync(HttpContext context, string who)
    {
        ControlImport? import;
        try
        {
            import = await ReadAsync<ControlImport>(context);
        }
        catch (BadHttpRequestException e)
        {
            await RefuseAsync(context, e.StatusCode, $"the certificate, its chain and its key are larger than {LargestBody / 1024} KiB together; name the right files");
            return;
        }

        if (import is not { Certificate: { } certificate, Key: { } key })
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, "not an import; use the imgw of the same version");
            return;
        }

        // Not cancelled with the request: after Ctrl+C in the middle it would be unknown what is served.
        await InstalledAsync(context, await installs.ImportAsync(certificate, key, import.Chain, import.Password, who, CancellationToken.None));
    }

    async Task RollbackAsync(HttpContext context, string name, string who) =>
        await InstalledAsync(context, await installs.RollbackAsync(name, who, CancellationToken.None));

    async Task RenewAsync(HttpContext context, string name, string who)
    {
        if (await ReadAsync<ControlRenew>(context) is not { } renew) await RefuseAsync(context, StatusCodes.Status400BadRequest, "not a renewal; use the imgw of the same version");
        else await StreamProgressAsync(context, name, (host, progress) => renewals.RenewAsync(host, renew.Force, renew.Staging, who, progress, life.ApplicationStopping));
    }

    async Task RevokeAsync(HttpContext context, string name, string who)
    {
        var revoke = await ReadAsync<ControlRevoke>(context);
        if (!RevocationReasons.TryParse(revoke?.Reason, out var reason)) await RefuseAsync(context, StatusCodes.Status400BadRequest, "not a revocation; use the imgw of the same version");
        else await StreamProgressAsync(context, name, (host, progress) => renewals.RevokeAsync(host, reason, who, progress, life.ApplicationStopping));
    }

    /// <summary>Cancelled by the edge's stop, not by that of the verb: an abandoned order counts against the CA's limits.</summary>
    Task StreamProgressAsync(HttpContext context, string name, Func<HostName, IProgress<string>, Task<RenewResult>> change)
    {
        if (options.Value.Hosts.FirstOrDefault(host => host.CertificateName == name) is not { } host) return RefuseAsync(context, StatusCodes.Status404NotFound, "no managed certificate of that name");
        return ControlProgress.AnswerAsync(context, async progress =>
        {
            try
            {
                return ControlRenewed.Of(await change(host, progress));
            }
            catch (OperationCanceledException) when (life.ApplicationStopping.IsCancellationRequested)
            {
                return new ControlRenewed(host.Value, Succeeded: false, "the edge stops; its next start goes on with what is due");
            }
            catch (Exception e)
            {
                // The caller gets a short message; the log has the details.
                Failed(e, host);
                return new ControlRenewed(host.Value, Succeeded: false, "failed within the edge; its log says how");
            }
        });
    }

    /// <summary>Null for invalid JSON. The parser's message is not repeated, because the body may contain a key.</summary>
    static async Task<T?> ReadAsync<T>(HttpContext context)
        where T : class
    {
        try
        {
            return await context.Request.ReadFromJsonAsync<T>(StatusCollector.Json, context.RequestAborted);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    static Task UnknownAsync(HttpContext context) =>
        RefuseAsync(context, StatusCodes.Status404NotFound, "the running edge does not know this request; use the imgw of the same version");

    static Task InstalledAsync(HttpContext context, InstallResult result) => result.Succeeded
        ? AnswerAsync(context, StatusCodes.Status200OK, ControlInstalled.Of(result))
        : RefuseAsync(context, StatusCodes.Status422UnprocessableEntity, [.. result.Problems]);

    static Task RefuseAsync(HttpContext context, int code, params string[] problems) => AnswerAsync(context, code, new ControlProblems(problems));

    static Task AnswerAsync<T>(HttpContext context, int code, T value)
    {
        context.Response.StatusCode = code;
        return context.Response.WriteAsJsonAsync(value, StatusCollector.Json, context.RequestAborted);
    }

    [LoggerMessage(1, LogLevel.Warning, "Control socket: {Peer} refused")]
    partial void Refused(ControlPeer peer);

    [LoggerMessage(2, LogLevel.Error, "{Host}: what a verb asked for failed")]
    partial void Failed(Exception exception, HostName host);
}
