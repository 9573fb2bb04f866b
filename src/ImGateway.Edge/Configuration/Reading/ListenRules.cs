using System.Net;
using System.Net.Sockets;

namespace ImGateway.Edge.Configuration.Reading;

/// <summary>Rules for <c>Listen</c>, what it requires of <c>TrustedProxies</c>, and <c>PlainHttp:HttpsPort</c>.</summary>
static class ListenRules
{
    public static void Check(EdgeOptions options, ProblemCollector problems)
    {
        var listen = options.Listen;
        if (listen.Https.Count == 0 && listen.Http.Count == 0 && problems.IsValid("Edge:Listen"))
        {
            problems.Invalid("Edge:Listen", "nothing public is listened on", "give Edge:Listen:Https an address, such as *:443");
        }

        var all = Listeners(listen.Https, "Edge:Listen:Https").Concat(Listeners(listen.Http, "Edge:Listen:Http"))
            .Concat(Listeners(listen.Management, "Edge:Listen:Management")).ToArray();
        for (var i = 0; i < all.Length; i++)
        {
            if (Array.Find(all[..i], earlier => Collide(earlier.Address, all[i].Address)) is not { Key: not null } taken) continue;
            problems.Invalid(all[i].Key, $"'{all[i].Address}' is already taken by {taken.Key} ('{taken.Address}')", "choose another address or port");
        }

        if (listen.ProxyProtocol && options.TrustedProxies.Count == 0 && problems.IsValid("Edge:TrustedProxies"))
        {
            problems.Invalid(
                "Edge:Listen:ProxyProtocol", "is true, but Edge:TrustedProxies is empty, so that no peer may send the header", "list the load balancers in Edge:TrustedProxies, or write false");
        }

        if (options.PlainHttp.HttpsPort is < 1 or > ushort.MaxValue)
        {
            problems.Invalid("Edge:PlainHttp:HttpsPort", $"{options.PlainHttp.HttpsPort} is not a port", "write 1 to 65535");
        }

        IEnumerable<(string Key, ListenAddress Address)> Listeners(IReadOnlyList<ListenAddress> addresses, string section) =>
            addresses.Select((address, i) => (problems.KeyOf(addresses, i, section), address));
    }

    static bool Collide(ListenAddress a, ListenAddress b) => a.Port == b.Port && a.Port != 0 && (Includes(a, b) || Includes(b, a));

    // Kestrel opens sockets on [::] in dual mode, so they accept IPv4 too.
    static bool Includes(ListenAddress wide, ListenAddress narrow) =>
        wide.Address is null || wide.Address.Equals(IPAddress.IPv6Any) || wide.Address.Equals(narrow.Address)
        || (wide.Address.Equals(IPAddress.Any) && narrow.Address?.AddressFamily == AddressFamily.InterNetwork);
}
