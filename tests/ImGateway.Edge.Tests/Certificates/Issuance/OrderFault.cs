using ImGateway.Edge.Certificates.Issuance;

namespace ImGateway.Edge.Tests.Certificates.Issuance;

/// <summary>How far an order gets before it fails.</summary>
enum OrderStep
{
    /// <summary>Nothing has been ordered.</summary>
    Connect,

    /// <summary>The order exists; nothing has been issued.</summary>
    Order,

    /// <summary>The CA has failed to validate a challenge.</summary>
    Validation,

    /// <summary>The certificate has been issued; the response is lost.</summary>
    Download,
}

/// <summary>Why an order at a <see cref="SimulatedCa"/> fails, and at which step.</summary>
sealed record OrderFault(OrderStep Step, Exception Failure)
{
    public static OrderFault Unreachable() => new(OrderStep.Connect, new IssuanceException("ca.test: connection refused"));

    /// <summary>An exception that the product does not expect.</summary>
    public static OrderFault Unexpected() => new(OrderStep.Connect, new InvalidOperationException("unexpected"));

    public static OrderFault ServerError(string message = "ca.test: serverInternal") => new(OrderStep.Order, new IssuanceException(message));

    public static OrderFault RateLimited() => new(OrderStep.Order, new IssuanceException("ca.test: rateLimited") { RetryAfter = TimeSpan.FromHours(2) });

    public static OrderFault FailedValidation() => new(OrderStep.Validation, new IssuanceException("ca.test: connection: nothing answers on port 80"));

    public static OrderFault ResponseLost() => new(OrderStep.Download, new IssuanceException("ca.test: connection reset") { MayHaveIssued = true });
}
