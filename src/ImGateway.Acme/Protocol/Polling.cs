namespace ImGateway.Acme.Protocol;

/// <summary>Polls a resource until it has reached a state, has failed, or the time-out elapses (RFC 8555 §7.5.1).</summary>
sealed class Polling(AcmeServerOptions options, string operation, Uri url, TimeSpan timeout)
{
    static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(500);

    /// <param name="poll">Fetches the state from the CA.</param>
    /// <param name="judge">Returns whether the state is reached, otherwise the CA's <c>Retry-After</c>. Throws if the state can no longer be reached.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    public async Task<T> UntilAsync<T>(
        Func<Task<T>> poll, Func<T, (bool Done, TimeSpan? RetryAfter)> judge, CancellationToken cancellationToken)
        where T : class
    {
        var started = options.Time.GetTimestamp();
        var interval = Shortest;
        while (true)
        {
            T? state = null;
            AcmeException? failure = null;
            try
            {
                state = await poll();
            }
            catch (AcmeException e) when (e.IsTransient)
            {
                // The CA continues its work while it is unreachable.
                failure = e;
            }

            var wanted = failure?.RetryAfter;
            if (state is not null)
            {
                (var done, wanted) = judge(state);
                if (done) return state;
            }

            interval = TimeSpan.FromTicks(Math.Min(interval.Ticks * 2, options.MaxPollInterval.Ticks));
            var wait = wanted is null ? interval : wanted < Shortest ? Shortest : wanted.Value;
            if (wait > options.MaxPollInterval) wait = options.MaxPollInterval;
            if (options.Time.GetElapsedTime(started) + wait > timeout)
            {
                throw failure ?? new AcmeException(
                    operation, url.Host, $"still not decided after {timeout.TotalSeconds:0} s", isTransient: true, retryAfter: wanted);
            }

            await Task.Delay(wait, options.Time, cancellationToken);
        }
    }
}
