using System.Collections.Immutable;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Challenges;

/// <summary>Credentials published while challenges are pending.</summary>
sealed class PendingCredentials<TName>(Action<IReadOnlyDictionary<TName, Credential>> publish)
    where TName : notnull
{
    readonly Lock _lock = new();
    ImmutableDictionary<TName, Credential> _pending = ImmutableDictionary<TName, Credential>.Empty;

    /// <summary>Publishes a credential until the result is disposed.</summary>
    public Withdrawal Add(TName name, Credential credential)
    {
        lock (_lock) Publish(_pending.SetItem(name, credential));
        return new Withdrawal(() =>
        {
            lock (_lock)
            {
                // A later challenge for the same name may have replaced it. The certificate is not disposed, because a handshake may be using it.
                if (_pending.GetValueOrDefault(name) == credential) Publish(_pending.Remove(name));
            }

            return ValueTask.CompletedTask;
        });
    }

    void Publish(ImmutableDictionary<TName, Credential> pending)
    {
        publish(pending);
        _pending = pending;
    }
}
