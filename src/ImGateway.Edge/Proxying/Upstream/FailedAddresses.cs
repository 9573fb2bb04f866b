using System.Collections.Concurrent;
using System.Net;

namespace ImGateway.Edge.Proxying.Upstream;

/// <summary>Remembers for a minute which addresses of a gateway failed while another address of the same name connected; these are tried last.</summary>
sealed class FailedAddresses(TimeProvider time)
{
    static readonly TimeSpan Remembered = TimeSpan.FromMinutes(1);

    readonly ConcurrentDictionary<IPAddress, long> _failed = new();

    /// <summary>Alternates the address families (RFC 8305 §4), otherwise in the system's order, so that a broken family costs one attempt. Addresses that failed come last.</summary>
    public IReadOnlyList<IPAddress> Order(IReadOnlyList<IPAddress> addresses)
    {
        if (addresses.Count == 1) return addresses;
        var families = addresses.Select(address => address.AddressFamily).Distinct().ToList();
        return
        [
            .. addresses.GroupBy(address => address.AddressFamily)
                .SelectMany(family => family.Select((address, rank) => (address, rank)))
                .OrderBy(each => HasFailed(each.address))
                .ThenBy(each => each.rank)
                .ThenBy(each => families.IndexOf(each.address.AddressFamily))
                .Select(each => each.address),
        ];
    }

    public void OnFailed(IPAddress address)
    {
        // Old entries are removed, because the addresses of a name may change.
        foreach (var known in _failed.Keys.Where(known => !HasFailed(known)).ToList()) _failed.TryRemove(known, out _);
        _failed[address] = time.GetTimestamp();
    }

    public void OnConnected(IPAddress address)
    {
        if (!_failed.IsEmpty) _failed.TryRemove(address, out _);
    }

    bool HasFailed(IPAddress address) => _failed.TryGetValue(address, out var since) && time.GetElapsedTime(since) < Remembered;
}
