namespace ImGateway.Edge.Certificates.Stapling;

/// <summary>No response, or an invalid one. The message is a short clause with the reason.</summary>
sealed class OcspException(string message, Exception? inner = null) : Exception(message, inner);
