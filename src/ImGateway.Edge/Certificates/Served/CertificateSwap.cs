using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates.Served;

/// <summary>A test handshake of the edge with itself: null if <paramref name="host"/> is served <paramref name="expected"/> with the complete chain, otherwise the problem.</summary>
delegate Task<string?> HandshakeTest(HostName host, Credential expected, CancellationToken cancellationToken);

/// <summary>Publishes a new certificate table, and the old one again if a test handshake fails.</summary>
sealed class CertificateSwap(ServerCertificateSelector selector, HandshakeTest handshakeTest, TimeProvider time)
{
    static readonly TimeSpan TestTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Makes the test handshakes of <see cref="TryAsync"/> with a separate table, which no client is served.</summary>
    /// <returns>Null if all handshakes succeeded, otherwise the problem.</returns>
    public static Task<string?> DryRunAsync(
        IReadOnlyDictionary<HostName, Credential> credentials, EdgeOptions options, ITlsEngine engine, TimeProvider time, CancellationToken cancellationToken)
    {
        var selector = new ServerCertificateSelector(options, engine);
        return new CertificateSwap(selector, new CertificateSelfTest(selector, options, time).TestAsync, time).TryAsync(credentials, cancellationToken);
    }

    /// <summary>Null if the new table is served, otherwise why the old one still is.</summary>
    public async Task<string?> TryAsync(IReadOnlyDictionary<HostName, Credential> next, CancellationToken cancellationToken)
    {
        // 1. Remember the present table.
        var previous = selector.Served;
        try
        {
            // 2. Publish, with one volatile write; throws before it if a TLS context cannot be built.
            selector.Publish(next);

            // 3. A real handshake for each changed host.
            foreach (var (host, credential) in next)
            {
                if (previous.TryGetValue(host, out var old) && old == credential) continue;
                if (await TestAsync(host, credential, cancellationToken) is not { } failure) continue;
                selector.Publish(previous);
                return $"a handshake for {host} failed: {failure}";
            }

            return null;
        }
        catch (Exception e)
        {
            // 4. After any exception, connections get the table that worked before.
            selector.Publish(previous);
            if (e is OperationCanceledException) throw;
            return $"it cannot be served: {e.Message}";
        }
    }

    /// <summary>One test handshake with a time-out: null if it succeeded, otherwise the problem.</summary>
    public async Task<string?> TestAsync(HostName host, Credential credential, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(TestTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            return await handshakeTest(host, credential, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return $"no answer within {TestTimeout.TotalSeconds:0} s";
        }
    }
}
