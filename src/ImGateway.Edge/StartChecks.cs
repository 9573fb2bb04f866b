using ImGateway.Edge.Certificates;
using ImGateway.Edge.Certificates.Store;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Connections.Limits;
using ImGateway.Edge.Connections.Listening;
using ImGateway.Edge.Operations.Control;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge;

/// <summary>What has to be in order before the first connection. Each step is taken only where those before it found nothing.</summary>
sealed class StartChecks(CurrentOptions options, ListenPlan plan, ITlsEngine engine, PolicyProof policy, CertificateManager certificates, TimeProvider time)
{
    /// <returns>What keeps the edge from serving, one line each.</returns>
    public async Task<IReadOnlyList<string>> RunAsync(CancellationToken cancellationToken)
    {
        // 1. What verbs reach the edge by, and what it was given to listen on.
        IReadOnlyList<string> problems = [.. OpenFiles.Problems(OpenFiles.Limit), .. ControlSocket.Problems(options.Value), .. plan.Problems];

        // 2. The policy must be in force, not just written down.
        if (problems.Count == 0) problems = await PolicyProof.ProblemsAsync(options.Value, engine, time, cancellationToken);

        // 3. Certificates, before any client can ask for one; then the policy with their keys.
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
