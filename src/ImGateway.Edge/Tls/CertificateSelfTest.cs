using System.Collections.Concurrent;
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
    readonly ConcurrentDictionary<string, bool> _passed = new(StringComparer.Ordinal);

    /// <summary>Null if the handshakes for <paramref name="host"/> succeed with <paramref name="expected"/>; otherwise the problem.</summary>
    public async Task<string?> TestAsync(HostName host, Credential expected, CancellationToken cancellationToken)
    {
        if (await _handshake.TestAsync(host, expected, cancellationToken) is { } failure) return failure;
        // Library and policy stay the same until the process ends, so the policy with one kind of certificate is tested once: it takes a dozen
        // handshakes, and an edge may have thousands of hosts.
        var kind = expected.Kind;
        if (_passed.ContainsKey(kind)) return null;
        if (await _policy.ProblemAsync(host, expected, cancellationToken) is { } problem) return problem;
        _passed[kind] = true;
        return null;
    }
}
