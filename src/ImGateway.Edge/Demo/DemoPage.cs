using System.Security.Cryptography;
using System.Text;

namespace ImGateway.Edge.Demo;

/// <summary>The page with a wss client on <c>/</c>. Its CSP allows only its own script and style, by hash (CSP Level 3 §2.3.1).</summary>
public static class DemoPage
{
    public static IApplicationBuilder UseDemoPage(this IApplicationBuilder app)
    {
        var page = Read();
        var body = Encoding.UTF8.GetBytes(page);
        var policy = $"default-src 'none'; script-src {HashOf(page, "script")}; style-src {HashOf(page, "style")}; "
            + "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
        return app.Use((context, next) =>
        {
            if (context.Request.Path.Value != "/" || !(HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method))) return next(context);
            context.Response.ContentType = "text/html; charset=utf-8";
            context.Response.ContentLength = body.Length;
            context.Response.Headers.ContentSecurityPolicy = policy;
            context.Response.Headers.CacheControl = "no-cache";
            context.Response.Headers["Referrer-Policy"] = "no-referrer";
            return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.Body.WriteAsync(body, context.RequestAborted).AsTask();
        });
    }

    static string Read()
    {
        using var stream = typeof(DemoPage).Assembly.GetManifestResourceStream("ImGateway.Edge.Demo.page.html")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    static string HashOf(string page, string element)
    {
        var start = page.IndexOf($"<{element}>", StringComparison.Ordinal) + element.Length + 2;
        var end = page.IndexOf($"</{element}>", start, StringComparison.Ordinal);
        return $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(page[start..end])))}'";
    }
}
