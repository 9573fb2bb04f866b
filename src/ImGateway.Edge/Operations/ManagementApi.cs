using System.Net;
using System.Text;
using System.Text.Json;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Connections;
using ImGateway.Edge.Operations.Status;
using ImGateway.Edge.Operations.StatusPage;
using ImGateway.Edge.Proxying.Checks;
using Prometheus;

namespace ImGateway.Edge.Operations;

/// <summary>
/// The read-only API of the management port. For each request:
/// 1. the peer's address must be in <c>ManagementNetworks</c>, otherwise 403; forwarded headers are ignored;
/// 2. the Host must be one that DNS rebinding cannot produce, otherwise 421;
/// 3. the method must be GET or HEAD, otherwise 405;
/// 4. the handler of the path, otherwise 404.
/// </summary>
sealed class ManagementApi(RequestDelegate next, CurrentOptions options, StatusCollector status, CollectorRegistry registry)
{
    public Task InvokeAsync(HttpContext context)
    {
        if (context.Features.Get<ConnectionFactsFeature>() is not { Kind: ListenerKind.Management }) return next(context);

        var headers = context.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers.ContentSecurityPolicy = "default-src 'none'; frame-ancestors 'none'";
        headers.CacheControl = "no-store";
        headers["Referrer-Policy"] = "no-referrer";

        if (!IsAllowed(context.Connection.RemoteIpAddress)) return RefuseAsync(context, StatusCodes.Status403Forbidden, "address not in Edge:ManagementNetworks");
        if (!IsOwnName(context.Request.Host)) return RefuseAsync(context, StatusCodes.Status421MisdirectedRequest, "Host is not a loopback name, an address or a configured host");
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            headers.Allow = "GET, HEAD";
            return RefuseAsync(context, StatusCodes.Status405MethodNotAllowed, "reading only");
        }

        return AnswerAsync(context);
    }

    bool IsAllowed(IPAddress? address) => address is not null && options.Value.ManagementNetworks.AnyContains(address);

    bool IsOwnName(HostString sent)
    {
        if (!HostName.TryParse(sent.Host, out var host) || host.IsWildcard) return false;
        // RFC 6761 §6.3: localhost and all names under it are loopback, whatever DNS says.
        return host.IsAddress || host.Value == "localhost" || host.Value.EndsWith(".localhost", StringComparison.Ordinal)
            || options.Value.Hosts.Any(own => own.Matches(host));
    }

    Task AnswerAsync(HttpContext context)
    {
        const string CertificatePrefix = "/api/certificates/";
        switch (context.Request.Path.Value)
        {
            case "/":
                return PageAsync(context);
            case "/livez":
                return TextAsync(context, StatusCodes.Status200OK, "ok\n");
            case "/readyz":
                var ready = status.Ready();
                return JsonAsync(context, ready.Ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable, ready);
            case "/metrics":
                return MetricsAsync(context);
            case "/api/status":
                return RunningAsync(context);
            case "/api/certificates":
                return JsonAsync(context, StatusCodes.Status200OK, status.Certificates());
            case { } path when path.StartsWith(CertificatePrefix, StringComparison.Ordinal):
                return status.Certificate(path[CertificatePrefix.Length..]) is { } certificate
                    ? JsonAsync(context, StatusCodes.Status200OK, certificate)
                    : RefuseAsync(context, StatusCodes.Status404NotFound, "no managed certificate of that name");
            default:
                return RefuseAsync(context, StatusCodes.Status404NotFound, "not found");
        }
    }

    async Task RunningAsync(HttpContext context) => await JsonAsync(context, StatusCodes.Status200OK, await status.RunningAsync(context.RequestAborted));

    static Task PageAsync(HttpContext context)
    {
        context.Response.Headers.ContentSecurityPolicy = StatusDocument.Policy;
        return WriteAsync(context, StatusCodes.Status200OK, "text/html; charset=utf-8", StatusDocument.Body);
    }

    async Task MetricsAsync(HttpContext context)
    {
        // Collected before the first byte is sent, so that a failure can become a 500.
        using var page = new MemoryStream();
        await registry.CollectAndExportAsTextAsync(page, context.RequestAborted);
        await WriteAsync(context, StatusCodes.Status200OK, "text/plain; version=0.0.4; charset=utf-8", page.GetBuffer().AsMemory(0, (int)page.Length));
    }

    static Task JsonAsync<T>(HttpContext context, int status, T value) =>
        WriteAsync(context, status, "application/json; charset=utf-8", JsonSerializer.SerializeToUtf8Bytes(value, StatusCollector.Json));

    static Task RefuseAsync(HttpContext context, int status, string reason) => TextAsync(context, status, reason + "\n");

    static Task TextAsync(HttpContext context, int status, string text) =>
        WriteAsync(context, status, "text/plain; charset=utf-8", Encoding.UTF8.GetBytes(text));

    static Task WriteAsync(HttpContext context, int status, string contentType, ReadOnlyMemory<byte> body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;
        context.Response.ContentLength = body.Length;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.Body.WriteAsync(body, context.RequestAborted).AsTask();
    }
}
