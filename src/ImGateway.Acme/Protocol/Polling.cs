namespace ImGateway.Acme.Protocol;

/// <summary>Looks again until something is done, failed, or late (RFC 8555 §7.5.1).</summary>
sealed class Polling(AcmeServerOptions options, string operation, Uri url, TimeSpan timeout)
{
    static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(500);

    /// <param name="look">Asks the CA.</param>
    /// <param name="judge">Whether this is what was waited for, else when the CA wants the next look. Throws where it can come to nothing.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<T> UntilAsync<T>(
        Func<Task<T>> look, Func<T, (bool Done, TimeSpan? RetryAfter)> judge, CancellationToken cancellationToken)
        where T : class
    {
        var started = options.Time.GetTimestamp();
        var usual = Shortest;
        while (true)
        {
            T? state = null;
            AcmeException? failure = null;
            try
            {
                state = await look();
            }
            catch (AcmeException e) when (e.IsTransient)
            {
                // The CA goes on with its work while it cannot be asked.
                failure = e;
            }

            var wanted = failure?.RetryAfter;
            if (state is not null)
            {
                (var done, wanted) = judge(state);
                if (done) return state;
            }

            usual = TimeSpan.FromTicks(Math.Min(usual.Ticks * 2, options.MaxPollInterval.Ticks));
            var wait = wanted is null ? usual : wanted < Shortest ? Shortest : wanted.Value;
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
