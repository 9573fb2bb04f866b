using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using ImGateway.Edge.Connections.Limits;

namespace ImGateway.Edge.Proxying.Checks;

/// <summary>
/// Limits the requests of an address (IPv6: of a /64) per second by token buckets. A bucket holds the tokens of one second and is stored as the
/// instant at which it will be full again. The table has a fixed size, so that a scan from a million addresses uses no memory: if a set of the table
/// is full, the address with the longest silence is evicted.
/// </summary>
sealed class RequestRateLimiter(TimeProvider time)
{
    const int Ways = 8;
    const int SetBits = 13;
    const int Locks = 64;

    // A random seed, so that clients cannot choose addresses that share a set.
    readonly ulong _salt = RandomUInt64();
    readonly ulong _multiplier = RandomUInt64() | 1;
    readonly Lock[] _locks = [.. Enumerable.Range(0, Locks).Select(_ => new Lock())];
    readonly Lazy<TokenBucket[]> _tokenBuckets = new(() => new TokenBucket[Ways << SetBits]);

    /// <summary>Counts a request; false if it exceeds <paramref name="perSecond"/>, which may differ for each call. A request without an address is not limited.</summary>
    public bool TryAcquire(IPAddress? address, int perSecond)
    {
        if (address is null) return true;
        // IPv4 addresses use the prefix ::/32, from which no client connects.
        var key = ClientNetwork.Of(address).Bits;
        var tableSet = (int)(((key ^ _salt) * _multiplier) >> (64 - SetBits));
        var now = time.GetTimestamp();
        var (second, cost) = (time.TimestampFrequency, time.TimestampFrequency / perSecond);
        lock (_locks[tableSet % Locks])
        {
            ref var tokenBucket = ref Find(_tokenBuckets.Value.AsSpan(tableSet * Ways, Ways), key);
            var fullAt = Math.Max(tokenBucket.FullAt, now) + cost;
            if (fullAt - now > second) return false;
            tokenBucket.FullAt = fullAt;
            return true;
        }
    }

    static ref TokenBucket Find(Span<TokenBucket> tableSet, ulong key)
    {
        var quietest = 0;
        for (var i = 0; i < tableSet.Length; i++)
        {
            if (tableSet[i].Key == key) return ref tableSet[i];
            if (tableSet[i].FullAt < tableSet[quietest].FullAt) quietest = i;
        }

        tableSet[quietest] = new TokenBucket { Key = key };
        return ref tableSet[quietest];
    }

    static ulong RandomUInt64() => BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(ulong)));

    [StructLayout(LayoutKind.Auto)]
    struct TokenBucket
    {
        public ulong Key;
        public long FullAt;
    }
}
