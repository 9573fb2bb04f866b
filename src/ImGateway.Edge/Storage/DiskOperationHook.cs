namespace ImGateway.Edge.Storage;

/// <summary>Notified after each disk operation of a storage, for tests that check every state a crash could leave behind.</summary>
sealed class DiskOperationHook(Action done)
{
    public static DiskOperationHook Unobserved { get; } = new(static () => { });

    public void Done() => done();
}
