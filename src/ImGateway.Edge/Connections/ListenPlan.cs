using System.Net;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Connections;

/// <summary>One socket to listen on.</summary>
/// <param name="Address">As configured.</param>
/// <param name="Inherited">What stands for it; null = it is to be bound.</param>
/// <param name="Key">The configuration's: of the address, or of the list where it is a default.</param>
/// <param name="IsDefault">It is not configured.</param>
sealed record ListenTarget(ListenAddress Address, InheritedSocket? Inherited, string Key, bool IsDefault)
{
    /// <summary>As problems name it.</summary>
    public string Setting => IsDefault ? $"{Key}: '{Address}', the default," : $"{Key}: '{Address}'";
}

/// <summary>Where each listener listens: on the configured addresses, for some of which there may be an inherited socket.</summary>
sealed record ListenPlan(
    IReadOnlyList<ListenTarget> Https, IReadOnlyList<ListenTarget> Http, IReadOnlyList<ListenTarget> Management, IReadOnlyList<string> Problems)
{
    /// <summary>Default addresses that this machine lacks, such as <c>[::1]:9180</c> where there is no IPv6.</summary>
    public IReadOnlyList<ListenTarget> Skipped { get; private init; } = [];

    /// <summary>What LISTEN_FDNAMES may call them.</summary>
    static readonly string?[] Names = ["https", "http", "management"];

    /// <param name="listen">What is configured.</param>
    /// <param name="inherited">Every one of them must have its place, or clients would connect to what nobody answers.</param>
    public static ListenPlan For(ListenSection listen, InheritedSockets inherited)
    {
        Places[] listeners =
        [
            new(Names[0], "Edge:Listen:Https", listen.Https), new(Names[1], "Edge:Listen:Http", listen.Http), new(Names[2], "Edge:Listen:Management", listen.Management),
        ];
        // 1. By address; a wildcard may have one socket for IPv4 and one for IPv6.
        var left = inherited.All.Where(socket => !Array.Exists(listeners, places => places.TakeByAddress(socket))).ToList();
        // 2. By name, for one whose address is not the configured one.
        left.RemoveAll(socket => Array.Exists(listeners, places => places.TakeByName(socket)));

        var problems = left.Select(socket => socket.Address is null
            ? $"LISTEN_FDS: {socket}; give only sockets that listen (systemd: ListenStream=ADDRESS:PORT)"
            : $"LISTEN_FDS: {socket}: no listener has this address; add it to Edge:Listen, name it https, http or management, or do not give it");
        // 3. What is left is bound, but for defaults that are no address of this machine.
        var targets = Array.ConvertAll(listeners, places => places.Targets.ToLookup(IsMissing));
        return new ListenPlan([.. targets[0][false]], [.. targets[1][false]], [.. targets[2][false]], inherited.Problem is { } problem ? [problem] : [.. problems])
        {
            Skipped = [.. targets.SelectMany(target => target[true])],
        };
    }

    static bool IsMissing(ListenTarget target) => target is { IsDefault: true, Inherited: null, Address.Address: { } address } && !MachineAddress.Has(address);

    /// <summary>The addresses of one listener and what has been found for each.</summary>
    sealed class Places(string? name, string key, IReadOnlyList<ListenAddress> addresses)
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
            var place = Enumerable.Range(0, addresses.Count).FirstOrDefault(i => suits(i), -1);
            if (place < 0) return false;
            _found[place].Add(socket);
            return true;
        }

        ListenTarget Target(ListenAddress address, int i, InheritedSocket? socket) =>
            ListenSection.IsDefault(addresses) ? new(address, socket, key, IsDefault: true) : new(address, socket, $"{key}:{i}", IsDefault: false);

        static bool Fits(ListenAddress address, IPEndPoint? bound) => bound is not null && address.Port == bound.Port
            && (address.Address is null ? bound.Address.Equals(IPAddress.Any) || bound.Address.Equals(IPAddress.IPv6Any) : address.Address.Equals(bound.Address));
    }
}
