using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using ImGateway.Edge.Connections;

namespace ImGateway.Edge.Proxying;

/// <summary>
/// How many requests an address may make in a second, IPv6 by /64: a token bucket each, which holds one second's worth and is kept as the
/// instant at which it will be full again. A fixed table, so that a scan by a million addresses costs no memory: where a bucket of the table
/// is full, the address goes that has been quiet longest.
/// </summary>
sealed class RequestRates(TimeProvider time)
{
    const int Ways = 8;
    const int BucketBits = 13;
    const int Locks = 64;

    // Which addresses share a bucket is nobody's to choose.
    readonly ulong _salt = RandomUInt64();
    readonly ulong _multiplier = RandomUInt64() | 1;
    readonly Lock[] _locks = [.. Enumerable.Range(0, Locks).Select(_ => new Lock())];
    readonly Lazy<Allowance[]> _allowances = new(() => new Allowance[Ways << BucketBits]);

    /// <summary>Whether one more request is within <paramref name="perSecond"/>, which may be another each time. No address is no limit.</summary>
    public bool Admit(IPAddress? address, int perSecond)
    {
        if (address is null) return true;
        // IPv4 takes the room of prefix ::/32, from which no client connects.
        var key = ClientNetwork.Of(address).Bits;
        var bucket = (int)(((key ^ _salt) * _multiplier) >> (64 - BucketBits));
        var now = time.GetTimestamp();
        var (second, cost) = (time.TimestampFrequency, time.TimestampFrequency / perSecond);
        lock (_locks[bucket % Locks])
        {
            ref var allowance = ref Find(_allowances.Value.AsSpan(bucket * Ways, Ways), key);
            var fullAt = Math.Max(allowance.FullAt, now) + cost;
            if (fullAt - now > second) return false;
            allowance.FullAt = fullAt;
            return true;
        }
    }

    static ref Allowance Find(Span<Allowance> bucket, ulong key)
    {
        var quietest = 0;
        for (var i = 0; i < bucket.Length; i++)
        {
            if (bucket[i].Key == key) return ref bucket[i];
            if (bucket[i].FullAt < bucket[quietest].FullAt) quietest = i;
        }

        bucket[quietest] = new Allowance { Key = key };
        return ref bucket[quietest];
    }

    static ulong RandomUInt64() => BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(ulong)));

    [StructLayout(LayoutKind.Auto)]
    struct Allowance
    {
        public ulong Key;
        public long FullAt;
    }
}
