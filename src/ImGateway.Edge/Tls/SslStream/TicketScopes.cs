using System.Security.Authentication;

namespace ImGateway.Edge.Tls.SslStream;

/// <summary>
/// Prevents session tickets of one name from resuming for another, and old ticket keys from being used again. Even with different certificate contexts,
/// .NET shares one OpenSSL context, and with it the ticket keys, among all handshakes of a process with equal certificates and equal protocols. Bits
/// that stand for no protocol make the protocols of two contexts unequal (cf. CVE-2025-23419).
/// </summary>
sealed class TicketScopes
{
    /// <summary>TLS 1.3 is bits 12 and 13, and no protocol is above it: 18 bits are left.</summary>
    const int LowestBit = 0x4000, Scopes = 0x40000;

    readonly Lock _changing = new();
    readonly Dictionary<int, WeakReference<object>> _taken = [];
    int _last;
    int _nextSweep = 256;

    /// <summary>One instance for each process, because all selectors share .NET's OpenSSL contexts.</summary>
    public static TicketScopes OfProcess { get; } = new();

    /// <summary>
    /// Returns bits to add to the protocols of <paramref name="context"/>. Bits are reused only after all others have been used and their context has
    /// been collected: an open connection keeps its context alive, and .NET the OpenSSL context.
    /// </summary>
    /// <exception cref="InvalidOperationException">All are in use.</exception>
    public SslProtocols Allocate(object context)
    {
        lock (_changing)
        {
            if (_taken.Count >= _nextSweep) Sweep();
            for (var tried = 1; tried < Scopes; tried++)
            {
                // Cycles from 1 to the largest number. Never 0: a context without such bits would be shared.
                _last = _last % (Scopes - 1) + 1;
                if (_taken.TryGetValue(_last, out var taken) && taken.TryGetTarget(out _)) continue;
                _taken[_last] = new(context);
                return (SslProtocols)(_last * LowestBit);
            }
        }

        throw new InvalidOperationException($"{Scopes - 1} TLS contexts are in use; close connections, or restart the edge");
    }

    void Sweep()
    {
        foreach (var collected in _taken.Where(taken => !taken.Value.TryGetTarget(out _)).Select(taken => taken.Key).ToList()) _taken.Remove(collected);
        _nextSweep = Math.Max(256, _taken.Count * 2);
    }
}
