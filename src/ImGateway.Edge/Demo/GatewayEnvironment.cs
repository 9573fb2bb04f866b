using System.Diagnostics.CodeAnalysis;
using System.Net;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Demo;

/// <summary>The environment variables of a gateway behind an edge; the demo gateway reads the same variables as a real one.</summary>
/// <param name="TrustedProxies">Peers whose X-Real-IP is trusted.</param>
sealed record GatewayEnvironment(IReadOnlyList<IPNetwork> TrustedProxies)
{
    public static readonly GatewayEnvironment BehindLoopback = new([IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("::1/128")]);

    /// <param name="variable">Reads one environment variable.</param>
    /// <param name="problem">One line for the user.</param>
    public static bool TryRead(Func<string, string?> variable, [NotNullWhen(true)] out GatewayEnvironment? environment, [NotNullWhen(false)] out string? problem)
    {
        environment = null;
        problem = null;
        if (IsTrue(variable("IMGW_PRODUCTION")))
        {
            problem = "IMGW_PRODUCTION: in production: this is the demo gateway, put yours in its place as compose.yaml says at its top (im-gateway-service in compose.override.yaml)";
            return false;
        }

        if (IsTrue(variable("TLS_ENABLED")))
        {
            problem = "TLS_ENABLED: the demo gateway speaks plain HTTP only; set it to false and put the edge in front";
            return false;
        }

        List<IPNetwork> trusted = [];
        foreach (var text in (variable("TRUSTED_PROXIES") ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (IpNetworks.Parse(text) is { } network) trusted.Add(network);
            else problem = $"TRUSTED_PROXIES: '{text}' is neither an address nor a network such as 172.30.0.0/24";
        }

        if (problem is not null) return false;
        environment = new GatewayEnvironment(IsTrue(variable("BEHIND_PROXY")) ? trusted : []);
        return true;
    }

    /// <summary>The client's address: from X-Real-IP of a trusted proxy, otherwise the peer's.</summary>
    public string ClientOf(HttpContext context)
    {
        var peer = (context.Connection.RemoteIpAddress ?? IPAddress.None).Unmapped();
        var named = context.Request.Headers["X-Real-IP"];
        return named is [{ Length: > 0 } client] && TrustedProxies.AnyContains(peer) ? client : peer.ToString();
    }

    static bool IsTrue(string? value) => string.Equals(value, "true", StringComparison.OrdinalIgnoreCase);
}
