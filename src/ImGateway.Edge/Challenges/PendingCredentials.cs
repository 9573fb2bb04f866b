using System.Collections.Immutable;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Challenges;

/// <summary>Credentials that are published while challenges are pending.</summary>
sealed class PendingCredentials<TName>(Action<IReadOnlyDictionary<TName, Credential>> publish)
    where TName : notnull
{
    readonly Lock _lock = new();
    ImmutableDictionary<TName, Credential> _pending = ImmutableDictionary<TName, Credential>.Empty;

    /// <summary>Published at once, until what is returned is disposed of.</summary>
    public Withdrawal Add(TName name, Credential credential)
    {
        lock (_lock) Publish(_pending.SetItem(name, credential));
        return new Withdrawal(() =>
        {
            lock (_lock)
            {
                // A later challenge for the same name may have taken the place. The certificate is left to the collector: a handshake may be using it.
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
