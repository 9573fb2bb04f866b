using System.Net;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Connections.Listening;

/// <summary>One socket to listen on.</summary>
/// <param name="Address">The configured address.</param>
/// <param name="Inherited">The inherited socket used for it; null = to be bound.</param>
/// <param name="Key">The configuration key of the address, or of the list for a default.</param>
/// <param name="IsDefault">Whether the address is a default, not configured.</param>
sealed record ListenTarget(ListenAddress Address, InheritedSocket? Inherited, string Key, bool IsDefault)
{
    /// <summary>The name for error messages.</summary>
    public string Setting => IsDefault ? $"{Key}: '{Address}', the default," : $"{Key}: '{Address}'";
}

/// <summary>The addresses of each listener: the configured ones, with an inherited socket for some of them.</summary>
sealed record ListenPlan(
    IReadOnlyList<ListenTarget> Https, IReadOnlyList<ListenTarget> Http, IReadOnlyList<ListenTarget> Management, IReadOnlyList<string> Problems)
{
    /// <summary>Default addresses that this machine lacks, such as <c>[::1]:9180</c> where there is no IPv6.</summary>
    public IReadOnlyList<ListenTarget> Skipped { get; private init; } = [];

    /// <summary>The listener's names in LISTEN_FDNAMES.</summary>
    static readonly string?[] Names = ["https", "http", "management"];

    /// <param name="listen">The configured listeners.</param>
    /// <param name="inherited">The inherited sockets. Each must match a listener, because connections to an unused socket would never be accepted.</param>
    public static ListenPlan For(ListenSection listen, InheritedSockets inherited)
    {
        ListenerAddresses[] listeners =
        [
            new(Names[0], "Edge:Listen:Https", listen.Https), new(Names[1], "Edge:Listen:Http", listen.Http), new(Names[2], "Edge:Listen:Management", listen.Management),
        ];
        // 1. Match by address; a wildcard may have one socket for IPv4 and one for IPv6.
        var left = inherited.All.Where(socket => !Array.Exists(listeners, listener => listener.TakeByAddress(socket))).ToList();
        // 2. Match by name, for sockets with another address than the configured one.
        left.RemoveAll(socket => Array.Exists(listeners, listener => listener.TakeByName(socket)));

        var problems = left.Select(socket => socket.Address is null
            ? $"LISTEN_FDS: {socket}; give only sockets that listen (systemd: ListenStream=ADDRESS:PORT)"
            : $"LISTEN_FDS: {socket}: no listener has this address; add it to Edge:Listen, name it https, http or management, or do not give it");
        // 3. The remaining addresses are bound, except defaults that the machine does not have.
        var targets = Array.ConvertAll(listeners, listener => listener.Targets.ToLookup(IsMissing));
        return new ListenPlan([.. targets[0][false]], [.. targets[1][false]], [.. targets[2][false]], inherited.Problem is { } problem ? [problem] : [.. problems])
        {
            Skipped = [.. targets.SelectMany(target => target[true])],
        };
    }

    static bool IsMissing(ListenTarget target) => target is { IsDefault: true, Inherited: null, Address.Address: { } address } && !LocalAddresses.Has(address);

    /// <summary>The addresses of one listener with the matched sockets.</summary>
    sealed class ListenerAddresses(string? name, string key, IReadOnlyList<ListenAddress> addresses)
    {
        readonly List<InheritedSocket>[] _found = [.. addresses.Select(_ => new List<InheritedSocket>())];

        public IReadOnlyList<ListenTarget> Targets =>
        [
            .. addresses.SelectMany((address, i) =>
                _found[i].Select(socket => Target(address, i, socket)).DefaultIfEmpty(Target(address, i, null))),
        ];

        public bool TakeByAddress(InheritedSocket socket) =>
            (socket.Name == name || !Names.Contains(socket.Name)) && TryTake(socket, i => Fits(addresses[i], socket.Address));

        public bool TakeByName(InheritedSocket socket) => socket.Name == name && TryTake(socket, i => _found[i].Count == 0);

        bool TryTake(InheritedSocket socket, Predicate<int> suits)
        {
            if (socket.Address is null) return false;
            var index = Enumerable.Range(0, addresses.Count).FirstOrDefault(i => suits(i), -1);
            if (index < 0) return false;
            _found[index].Add(socket);
            return true;
        }

        ListenTarget Target(ListenAddress address, int i, InheritedSocket? socket) =>
            ListenSection.IsDefault(addresses) ? new(address, socket, key, IsDefault: true) : new(address, socket, $"{key}:{i}", IsDefault: false);

        static bool Fits(ListenAddress address, IPEndPoint? bound) => bound is not null && address.Port == bound.Port
            && (address.Address is null ? bound.Address.Equals(IPAddress.Any) || bound.Address.Equals(IPAddress.IPv6Any) : address.Address.Equals(bound.Address));
    }
}
