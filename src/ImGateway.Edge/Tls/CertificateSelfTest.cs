using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Tls;

/// <summary>
/// Test handshakes of a certificate, the same for <c>validate</c>, start, swap and import: clients of the host receive the complete chain, and the
/// policy is in force with its key. With tests of different strictness, a certificate could be accepted that the next start refuses.
/// </summary>
public sealed class CertificateSelfTest(ServerCertificateSelector selector, EdgeOptions options, TimeProvider time)
{
    readonly HandshakeSelfTest _handshake = new(selector, options, time);
    readonly TlsPolicySelfTest _policy = new(selector, options, time);

    /// <summary>Null if the handshakes for <paramref name="host"/> succeed with <paramref name="expected"/>; otherwise the problem.</summary>
    public async Task<string?> TestAsync(HostName host, Credential expected, CancellationToken cancellationToken) =>
        await _handshake.TestAsync(host, expected, cancellationToken) ?? await _policy.ProblemAsync(host, expected, cancellationToken);
}
