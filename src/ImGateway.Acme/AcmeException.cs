namespace ImGateway.Acme;

/// <summary>An operation at a CA failed. The message is one line: operation, CA, what is wrong, when to try again.</summary>
public sealed class AcmeException : Exception
{
    public AcmeException(
        string operation,
        string host,
        string reason,
        AcmeProblem? problem = null,
        bool isTransient = false,
        TimeSpan? retryAfter = null,
        Exception? innerException = null)
        : base($"{operation} at {host}: {reason}{(retryAfter is { } after ? $"; to be tried again after {after.TotalSeconds:0} s" : "")}", innerException)
    {
        Operation = operation;
        Host = host;
        Problem = problem;
        IsTransient = isTransient;
        RetryAfter = retryAfter;
    }

    /// <summary>
    /// The failed operation: <c>directory</c>, <c>newNonce</c>, <c>newAccount</c>, <c>account</c>, <c>keyChange</c>, <c>newOrder</c>, <c>order</c>,
    /// <c>authorization</c>, <c>challenge</c>, <c>finalize</c>, <c>certificate</c>, <c>revokeCert</c> or <c>renewalInfo</c>.
    /// </summary>
    public string Operation { get; }

    /// <summary>The CA's host name.</summary>
    public string Host { get; }

    /// <summary>The CA's problem document; null if the response had none.</summary>
    public AcmeProblem? Problem { get; }

    /// <summary>Whether a retry may succeed without any change: network failure, overload, rate limits.</summary>
    public bool IsTransient { get; }

    /// <summary>The earliest time for a retry, if the CA named one; at most <see cref="AcmeServerOptions.MaxRetryAfter"/>.</summary>
    public TimeSpan? RetryAfter { get; }
}
