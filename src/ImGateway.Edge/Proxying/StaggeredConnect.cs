using System.Net;
using System.Net.Sockets;

namespace ImGateway.Edge.Proxying;

/// <summary>
/// A connection to one of a name's addresses (RFC 8305 §5): the next address is tried a quarter of a second after the one before, or as soon as that has
/// failed, and the first connection that comes about is taken. An address that drops packets so costs a quarter of a second instead of the whole
/// time there is to connect.
/// </summary>
static class StaggeredConnect
{
    /// <summary>RFC 8305 §8.</summary>
    static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(250);

    /// <summary>Returns when all other attempts have ended.</summary>
    /// <param name="addresses">In the order in which to try them; at least one.</param>
    /// <param name="attempt">Connects, or throws <see cref="SocketException"/>.</param>
    /// <param name="memory">Learns which addresses connect.</param>
    /// <exception cref="SocketException">Of the first attempt; none has come about.</exception>
    public static async Task<T> AnyAsync<T>(
        IReadOnlyList<IPAddress> addresses, Func<IPAddress, CancellationToken, Task<T>> attempt, AddressMemory memory, TimeProvider time, CancellationToken cancellationToken)
        where T : IAsyncDisposable
    {
        if (addresses.Count == 1) return await attempt(addresses[0], cancellationToken);
        using var decided = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        List<Task<T>> attempts = [];
        Task<T>? winner = null;
        try
        {
            while (winner is null)
            {
                // 1. The next address.
                if (attempts.Count < addresses.Count) attempts.Add(attempt(addresses[attempts.Count], decided.Token));

                // 2. Until one has connected, the last one has failed, or has had its time.
                await UntilNextAsync(attempts, isLast: attempts.Count == addresses.Count, time, decided.Token);
                winner = attempts.Find(each => each.IsCompletedSuccessfully);
                if (winner is null && attempts.Count == addresses.Count) return await attempts[0];
            }

            return await winner;
        }
        finally
        {
            // 3. The others end, each with what it has opened.
            await decided.CancelAsync();
            foreach (var (index, other) in attempts.Index())
            {
                await ((Task)other).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (other == winner) memory.Connected(addresses[index]);
                else if (other.IsCompletedSuccessfully) await (await other).DisposeAsync();
                else if (winner is not null) memory.Failed(addresses[index]);
            }
        }
    }

    /// <summary>Returns when an attempt has connected, or it is time for the next one, or all have failed.</summary>
    static async Task UntilNextAsync<T>(List<Task<T>> attempts, bool isLast, TimeProvider time, CancellationToken cancellationToken)
    {
        using var waited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var delay = Task.Delay(isLast ? Timeout.InfiniteTimeSpan : Delay, time, waited.Token);
        // A failure of the newest attempt ends its time; one of an older attempt changes nothing.
        while (!attempts.Exists(attempt => attempt.IsCompletedSuccessfully) && (isLast || !attempts[^1].IsCompleted))
        {
            var pending = attempts.Where(attempt => !attempt.IsCompleted).ToList();
            if (pending.Count == 0 || await Task.WhenAny([.. pending, delay]) == delay) break;
        }

        await waited.CancelAsync();
        await delay.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
    }
}
