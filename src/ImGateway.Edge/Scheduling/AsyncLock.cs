namespace ImGateway.Edge.Scheduling;

/// <summary>A lock that can be held across an <c>await</c>. Not reentrant. The instance in the container is the certificate lock: its holder may change what is served and stored.</summary>
sealed class AsyncLock : IDisposable
{
    readonly SemaphoreSlim _semaphore = new(1, 1);

    /// <summary>Waits for the lock. Disposing the result releases it.</summary>
    public async Task<IDisposable> AcquireAsync(CancellationToken cancellationToken)
    {
        await _semaphore.WaitAsync(cancellationToken);
        return new Releaser(_semaphore);
    }

    public void Dispose() => _semaphore.Dispose();

    sealed class Releaser(SemaphoreSlim semaphore) : IDisposable
    {
        public void Dispose() => semaphore.Release();
    }
}
