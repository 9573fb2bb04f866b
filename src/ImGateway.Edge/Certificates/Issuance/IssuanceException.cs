namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>Why there is no new certificate, in one line: what was asked of whom, what is wrong, what to do. Holds no secret.</summary>
sealed class IssuanceException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Not sooner than this, as the CA wishes.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The end of the message, which must survive where the message is cut; null where there is no such part.</summary>
    public string? Remedy { get; init; }

    /// <summary>The CA has issued, or may yet: the order counts against its limits.</summary>
    public bool MayHaveIssued { get; init; }
}
