namespace ImGateway.Edge.Tls.Policy;

/// <summary>The source of an engine's TLS policy, and whether it could be applied. Test handshakes verify that it is in force (<see cref="TlsPolicySelfTest"/>).</summary>
/// <param name="Source">The name for error messages: the file, or the engine itself.</param>
/// <param name="Problem">Why the policy could not be applied, as a complete line; null if it was.</param>
/// <param name="Remedy">What to do if the policy is not in force.</param>
public sealed record LoadedTlsPolicy(string Source, string? Problem, string Remedy);
