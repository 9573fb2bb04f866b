using System.Net;

namespace ImGateway.Edge.Configuration;

/// <summary>
/// Destinations that bypass the proxy (<c>NO_PROXY</c>). There is no standard; this accepts what curl and Go accept: names
/// with their subdomains, addresses, networks, each with or without a port, and <c>*</c>.
/// </summary>
sealed class NoProxyList
{
    public static readonly NoProxyList None = new("");

    readonly IReadOnlyList<Entry> _entries;

    public NoProxyList(string text)
    {
        Text = text;
        _entries = [.. text.Split([',', ' ', '\t'], StringSplitOptions.RemoveEmptyEntries).Select(Parse)];
    }

    public string Text { get; }

    public bool Contain(Uri url)
    {
        var host = url.IdnHost.TrimEnd('.');
        var address = IPAddress.TryParse(url.IdnHost, out var parsed) ? parsed : null;
        return _entries.Any(entry => (entry.Port ?? url.Port) == url.Port && entry.Matches(host, address));
    }

    static Entry Parse(string text)
    {
        if (text == "*") return new Entry(null, (_, _) => true);
        if (IpNetworks.Parse(text) is { } network) return new Entry(null, (_, address) => address is not null && network.Contains(address));
        var (host, port) = text.LastIndexOf(':') is > 0 and var colon && ushort.TryParse(text[(colon + 1)..], out var number) ? (text[..colon], number) : (text, default(int?));
        if (IpNetworks.Parse(host.Trim('[', ']')) is { } single) return new Entry(port, (_, address) => address is not null && single.Contains(address));
        var name = host.StartsWith("*.", StringComparison.Ordinal) ? host[2..] : host.TrimStart('.');
        name = name.TrimEnd('.');
        return new Entry(port, (asked, _) => name.Length > 0 && asked.EndsWith(name, StringComparison.OrdinalIgnoreCase)
            && (asked.Length == name.Length || asked[^(name.Length + 1)] == '.'));
    }

    /// <param name="Port">Null matches every port.</param>
    sealed record Entry(int? Port, Func<string, IPAddress?, bool> Matches);
}
