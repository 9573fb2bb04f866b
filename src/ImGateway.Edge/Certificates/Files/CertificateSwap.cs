using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates.Files;

/// <summary>A handshake with oneself: null if <paramref name="host"/> is shown <paramref name="expected"/> with its whole chain, else what is wrong.</summary>
delegate Task<string?> CertificateProbe(HostName host, Credential expected, CancellationToken cancellationToken);

/// <summary>Puts a new table before the clients, and the old one back unless the new proves itself.</summary>
sealed class CertificateSwap(ServerCertificateSelector selector, CertificateProbe probe, TimeProvider time)
{
    static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(10);

    /// <summary>What <see cref="TryAsync"/> would say where nothing is served yet, by a table of its own: no client gets it.</summary>
    /// <returns>Null if it proved itself; else what is wrong.</returns>
    public static Task<string?> RehearseAsync(
        IReadOnlyDictionary<HostName, Credential> credentials, EdgeOptions options, ITlsEngine engine, TimeProvider time, CancellationToken cancellationToken)
    {
        var selector = new ServerCertificateSelector(options, engine);
        return new CertificateSwap(selector, new CertificateProof(selector, options, time).ProveAsync, time).TryAsync(credentials, cancellationToken);
    }

    /// <summary>Null when the new table is served; else why the old one still is.</summary>
    public async Task<string?> TryAsync(IReadOnlyDictionary<HostName, Credential> next, CancellationToken cancellationToken)
    {
        // 1. What is served now stays at hand.
        var previous = selector.Served;
        try
        {
            // 2. One volatile write; throws before it if a context cannot be built.
            selector.Publish(next);

            // 3. Each changed host over a real handshake.
            foreach (var (host, credential) in next)
            {
                if (previous.TryGetValue(host, out var old) && old == credential) continue;
                if (await ProbeAsync(host, credential, cancellationToken) is not { } failure) continue;
                selector.Publish(previous);
                return $"a handshake for {host} failed: {failure}";
            }

            return null;
        }
        catch (Exception e)
        {
            // 4. Whatever it was, connections go on getting what worked before.
            selector.Publish(previous);
            if (e is OperationCanceledException) throw;
            return $"it cannot be served: {e.Message}";
        }
    }

    /// <summary>What is served now for one host: null if it proved itself.</summary>
    public async Task<string?> ProbeAsync(HostName host, Credential credential, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(ProbeTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            return await probe(host, credential, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return $"no answer within {ProbeTimeout.TotalSeconds:0} s";
        }
    }
}
