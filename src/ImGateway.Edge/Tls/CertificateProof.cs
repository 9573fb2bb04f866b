using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Tls;

/// <summary>
/// The one proof of a certificate, for <c>validate</c>, a start, a swap and an import alike: clients of the host are shown its whole chain, and the
/// policy is in force with its key. Two proofs of different strictness let a certificate in that the next start refuses.
/// </summary>
public sealed class CertificateProof(ServerCertificateSelector selector, EdgeOptions options, TimeProvider time)
{
    readonly SelfProbe _probe = new(selector, options, time);
    readonly PolicyProof _policy = new(selector, options, time);

    /// <summary>Null if <paramref name="expected"/>, served for <paramref name="host"/>, proved itself; else what is wrong.</summary>
    public async Task<string?> ProveAsync(HostName host, Credential expected, CancellationToken cancellationToken) =>
        await _probe.ProbeAsync(host, expected, cancellationToken) ?? await _policy.ProblemAsync(host, expected, cancellationToken);
}
