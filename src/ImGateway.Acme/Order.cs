using ImGateway.Acme.Protocol;

namespace ImGateway.Acme;

public enum OrderStatus
{
    /// <summary>The CA sent a status that this library does not know.</summary>
    Unknown,

    /// <summary>Some authorizations are not valid yet.</summary>
    Pending,

    /// <summary>All authorizations are valid: the order can be finalized.</summary>
    Ready,

    /// <summary>The certificate is being issued.</summary>
    Processing,

    /// <summary>The certificate can be downloaded.</summary>
    Valid,

    /// <summary>Failed or expired: a new order is needed.</summary>
    Invalid,
}

/// <summary>A certificate to be ordered.</summary>
/// <param name="Identifiers">All names and addresses of the certificate.</param>
public sealed record OrderRequest(IReadOnlyList<AcmeIdentifier> Identifiers)
{
    /// <summary>One of <see cref="AcmeDirectory.Profiles"/>. Default null: the CA's default profile.</summary>
    public string? Profile { get; init; }

    /// <summary>The <see cref="CertificateId"/> of the certificate that this order replaces (RFC 9773 §5). Only for CAs with ARI.</summary>
    public string? Replaces { get; init; }

    /// <summary>Few CAs accept this.</summary>
    public DateTimeOffset? NotBefore { get; init; }

    /// <summary>Few CAs accept this.</summary>
    public DateTimeOffset? NotAfter { get; init; }
}

/// <summary>An order as the CA last described it (RFC 8555 §7.1.3).</summary>
/// <param name="Location">The order's URL. Worth storing: an order can be resumed after a restart.</param>
/// <param name="Status">The order's state.</param>
/// <param name="Expires">When the CA discards the order.</param>
/// <param name="Identifiers">The names and addresses of the certificate.</param>
/// <param name="Authorizations">URLs of the authorizations that the order needs; empty if the CA lists none because all are valid.</param>
/// <param name="Finalize">The URL that takes the CSR.</param>
/// <param name="Certificate">The certificate's URL; null until the order is valid.</param>
/// <param name="Error">Why the order is invalid; null otherwise.</param>
/// <param name="Profile">The profile that the certificate is issued under, if the CA reports it.</param>
/// <param name="RetryAfter">How long to wait before the next poll, if the CA says so; clamped.</param>
public sealed record Order(
    Uri Location,
    OrderStatus Status,
    DateTimeOffset? Expires,
    IReadOnlyList<AcmeIdentifier> Identifiers,
    IReadOnlyList<Uri> Authorizations,
    Uri Finalize,
    Uri? Certificate,
    AcmeProblem? Error,
    string? Profile,
    TimeSpan? RetryAfter)
{
    internal static Order Parse(AcmeResponse response, Uri location)
    {
        var fields = response.Fields();
        return new Order(
            location,
            fields.Status<OrderStatus>(),
            fields.Date("expires"),
            [.. fields.RequiredObjects("identifiers").Select(AcmeIdentifier.Parse)],
            fields.Urls("authorizations"),
            fields.RequiredUrl("finalize"),
            fields.Url("certificate"),
            fields.Object("error") is { } error ? AcmeProblem.Parse(error) : null,
            fields.Text("profile"),
            response.RetryAfter);
    }
}
