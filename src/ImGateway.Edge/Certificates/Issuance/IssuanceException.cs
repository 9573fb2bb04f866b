namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>Why issuance failed, in one line: operation, CA, problem, remedy. Contains no secrets.</summary>
sealed class IssuanceException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The CA's Retry-After.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The end of the message that must be kept when the message is truncated; null if there is none.</summary>
    public string? Remedy { get; init; }

    /// <summary>The CA has issued a certificate, or may still do so: the order counts against its limits.</summary>
    public bool MayHaveIssued { get; init; }
}
