namespace ImGateway.Edge.Scheduling;

/// <summary>Whoever has it may change what is served and stored.</summary>
sealed class Turn : IDisposable
{
    readonly SemaphoreSlim _semaphore = new(1, 1);

    /// <summary>Disposing the result passes it on.</summary>
    public async Task<IDisposable> TakeAsync(CancellationToken cancellationToken)
    {
        await _semaphore.WaitAsync(cancellationToken);
        return new Taken(_semaphore);
    }

    public void Dispose() => _semaphore.Dispose();

    sealed class Taken(SemaphoreSlim semaphore) : IDisposable
    {
        public void Dispose() => semaphore.Release();
    }
}
