namespace ImGateway.Edge.Certificates.Stapling;

/// <summary>No response, or none to rely on. The message says why, in half a line.</summary>
sealed class OcspException(string message, Exception? inner = null) : Exception(message, inner);
