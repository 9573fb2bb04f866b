using System.Security.Cryptography;
using System.Text;

namespace ImGateway.Edge.Operations.StatusPage;

/// <summary>
/// The status page: one document that fetches only <c>/api/status</c>. The CSP allows only its own style and script, by hash (CSP
/// Level 3 §2.3.1), and requires Trusted Types, so that data from the API cannot become markup.
/// </summary>
static class StatusDocument
{
    /// <summary>The scripts in their order of execution.</summary>
    static readonly string[] Scripts = ["dom.js", "format.js", "health.js", "certificates.js", "chart.js", "traffic.js", "limits.js", "events.js", "page.js"];

    static StatusDocument()
    {
        var (style, script) = (Read("page.css"), string.Concat(Scripts.Select(Read)));
        Body = Encoding.UTF8.GetBytes(Read("page.html").Replace("{style}", style).Replace("{script}", script));
        Policy = $"default-src 'none'; script-src {HashOf(script)}; style-src {HashOf(style)}; connect-src 'self'; img-src data:; "
            + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";
    }

    public static ReadOnlyMemory<byte> Body { get; }

    /// <summary>The value of <c>Content-Security-Policy</c>.</summary>
    public static string Policy { get; }

    static string Read(string name)
    {
        using var stream = typeof(StatusDocument).Assembly.GetManifestResourceStream($"{typeof(StatusDocument).Namespace}.{name}")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    static string HashOf(string inline) => $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(inline)))}'";
}
