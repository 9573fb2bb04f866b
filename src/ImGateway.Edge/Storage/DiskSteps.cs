namespace ImGateway.Edge.Storage;

/// <summary>Is notified after each disk operation of a storage. A test then sees every state that a crash could leave behind.</summary>
sealed class DiskSteps(Action done)
{
    public static DiskSteps Unobserved { get; } = new(static () => { });

    public void Done() => done();
}
