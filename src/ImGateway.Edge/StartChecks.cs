using ImGateway.Edge.Certificates;
using ImGateway.Edge.Certificates.Store;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Connections.Limits;
using ImGateway.Edge.Connections.Listening;
using ImGateway.Edge.Operations.Control;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge;

/// <summary>The checks before the first connection. Each step runs only if the steps before it found no problem.</summary>
sealed class StartChecks(CurrentOptions options, ListenPlan plan, ITlsEngine engine, TlsPolicySelfTest policy, CertificateManager certificates, TimeProvider time)
{
    /// <returns>The problems that prevent the start, one line each.</returns>
    public async Task<IReadOnlyList<string>> RunAsync(CancellationToken cancellationToken)
    {
        // 1. File descriptors, the control socket and the listeners.
        IReadOnlyList<string> problems = [.. OpenFiles.Problems(OpenFiles.Limit), .. ControlSocket.Problems(options.Value), .. plan.Problems];

        // 2. The TLS policy must be in force; that its file exists is not enough.
        if (problems.Count == 0) problems = await TlsPolicySelfTest.ProblemsAsync(options.Value, engine, time, cancellationToken);

        // 3. Certificates, before the first handshake; then the policy with their keys.
        if (problems.Count == 0) problems = await LoadCertificatesAsync(cancellationToken);
        return problems.Count == 0 ? await policy.ServedProblemsAsync(cancellationToken) : problems;
    }

    async Task<IReadOnlyList<string>> LoadCertificatesAsync(CancellationToken cancellationToken)
    {
        try
        {
            await certificates.LoadAsync(cancellationToken);
            return [];
        }
        catch (CertificateLoadException problems)
        {
            return problems.Lines;
        }
    }
}
