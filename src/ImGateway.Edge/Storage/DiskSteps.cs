namespace ImGateway.Edge.Storage;

/// <summary>Notified after each disk operation of a storage, for tests that check every state a crash could leave behind.</summary>
sealed class DiskSteps(Action done)
{
    public static DiskSteps Unobserved { get; } = new(static () => { });

    public void Done() => done();
}
