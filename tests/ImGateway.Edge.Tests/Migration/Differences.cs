namespace ImGateway.Edge.Tests.Migration;

/// <summary>All of them. Each must be on the page, and each on the page must be here and occur.</summary>
static class Differences
{
    public static readonly Difference Software = new("No answer names the software behind it", "answer server", "answer x-powered-by") { Everywhere = (_, _, _) => true };

    public static readonly Difference OwnAnswers = new("Own answers are one line of plain text", "body", "framing", "answer content-type")
    {
        Everywhere = (_, nginx, _) => nginx.Head.Contains("Content-Type: text/html", StringComparison.Ordinal) && !nginx.Head.Contains("X-Gateway-Node", StringComparison.Ordinal),
    };

    public static readonly Difference GatewayProtocol = new("The gateway is spoken to by HTTP/1.1, on connections that are kept", "gateway version", "gateway connection")
    {
        Everywhere = (_, nginx, _) => nginx.Gateway is [{ Line: var line }, ..] && line.EndsWith("HTTP/1.0", StringComparison.Ordinal),
    };

    public static readonly Difference MoreHeaders = new("The gateway gets two more headers", "gateway x-forwarded-host", "gateway traceparent") { Everywhere = (_, _, _) => true };

    public static readonly Difference NoUpgradeWithout = new("On /ws only an upgrade is called one", "gateway connection")
    {
        Everywhere = (_, _, edge) => edge.Gateway is [{ Line: var line, Head: var head }, ..] && line.Contains(" /ws", StringComparison.Ordinal) && !head.Contains("Upgrade:", StringComparison.OrdinalIgnoreCase),
    };

    public static readonly Difference Health = new("/health gets the same headers as /api", "gateway host", "gateway x-real-ip", "gateway x-forwarded-for", "gateway x-forwarded-proto")
    {
        Everywhere = (_, _, edge) => edge.Gateway is [{ Line: var line }, ..] && line.Contains(" /health", StringComparison.Ordinal),
    };

    public static readonly Difference PlainHeaders = new("Answers on port 80 carry security headers, too", "answer x-frame-options", "answer x-content-type-options")
    {
        Everywhere = (exchange, _, _) => exchange.Name.StartsWith("Port 80", StringComparison.Ordinal),
    };

    public static IReadOnlyList<Difference> All { get; } =
    [
        .. typeof(Differences).GetFields(System.Reflection.BindingFlags.Public | System.Reflection.BindingFlags.Static).Select(field => (Difference)field.GetValue(null)!),
    ];
}
