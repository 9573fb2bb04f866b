namespace ImGateway.Edge.Tls.Policy;

/// <summary>What sets the TLS policy of an engine, and whether it could be applied; handshakes verify that it is in force (<see cref="PolicyProof"/>).</summary>
/// <param name="Source">What a message about the policy names: the file, or the engine itself.</param>
/// <param name="Problem">Why the policy could not be applied, as a complete line; null if it was.</param>
/// <param name="Remedy">What to do if the policy is not in force.</param>
public sealed record AppliedPolicy(string Source, string? Problem, string Remedy);
