using System.Net;
using System.Net.Sockets;

namespace ImGateway.Edge.Proxying.Upstream;

/// <summary>
/// Connects to one of several addresses ("Happy Eyeballs", RFC 8305 §5): the next address is tried 250 ms after the previous one, or as soon as that has
/// failed, and the first connection established is used. An address that drops packets thus costs 250 ms instead of the whole
/// connect time-out.
/// </summary>
static class HappyEyeballs
{
    /// <summary>RFC 8305 §8.</summary>
    static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(250);

    /// <summary>Returns the first connection, after all other attempts have ended.</summary>
    /// <param name="addresses">The addresses in the order to try; at least one.</param>
    /// <param name="attempt">Connects, or throws <see cref="SocketException"/>.</param>
    /// <param name="failed">Records which addresses connect.</param>
    /// <exception cref="SocketException">All attempts failed; this is the exception of the first.</exception>
    /// <exception cref="OperationCanceledException">Has the caller's token, by which the HTTP client recognizes its own time-out.</exception>
    public static async Task<T> AnyAsync<T>(
        IReadOnlyList<IPAddress> addresses, Func<IPAddress, CancellationToken, Task<T>> attempt, FailedAddresses failed, TimeProvider time, CancellationToken cancellationToken)
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
                // 1. Start the next attempt.
                if (attempts.Count < addresses.Count) attempts.Add(attempt(addresses[attempts.Count], decided.Token));

                // 2. Wait until one has connected, the newest has failed, or its delay has elapsed.
                await UntilNextAsync(attempts, isLast: attempts.Count == addresses.Count, time, decided.Token);
                winner = attempts.Find(each => each.IsCompletedSuccessfully);
                if (winner is null && attempts.Count == addresses.Count) return await attempts[0];
            }

            return await winner;
        }
        catch (OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw;
        }
        finally
        {
            // 3. Cancel the others; each closes its socket.
            await decided.CancelAsync();
            foreach (var (index, other) in attempts.Index())
            {
                await ((Task)other).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (other == winner) failed.OnConnected(addresses[index]);
                else if (other.IsCompletedSuccessfully) await (await other).DisposeAsync();
                else if (winner is not null) failed.OnFailed(addresses[index]);
            }
        }
    }

    /// <summary>Returns when an attempt has connected, the next one is due, or all have failed.</summary>
    static async Task UntilNextAsync<T>(List<Task<T>> attempts, bool isLast, TimeProvider time, CancellationToken cancellationToken)
    {
        using var waited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var delay = Task.Delay(isLast ? Timeout.InfiniteTimeSpan : Delay, time, waited.Token);
        while (true)
        {
            // Listed first: an attempt that ends from here on ends the wait.
            var pending = attempts.Where(attempt => !attempt.IsCompleted).ToList();
            if (pending.Count == 0 || attempts.Exists(attempt => attempt.IsCompletedSuccessfully)) break;
            // A failure of the newest attempt ends its delay; a failure of an older one changes nothing.
            if (!isLast && attempts[^1].IsCompleted) break;
            if (await Task.WhenAny([.. pending, delay]) == delay) break;
        }

        await waited.CancelAsync();
        await delay.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
    }
}
