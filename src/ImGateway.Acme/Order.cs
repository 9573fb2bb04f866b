using ImGateway.Acme.Protocol;

namespace ImGateway.Acme;

public enum OrderStatus
{
    /// <summary>The CA sent a status that this library does not know.</summary>
    Unknown,

    /// <summary>Authorizations are missing.</summary>
    Pending,

    /// <summary>Everything is proved: finalize it.</summary>
    Ready,

    /// <summary>The certificate is being issued.</summary>
    Processing,

    /// <summary>The certificate can be downloaded.</summary>
    Valid,

    /// <summary>Given up: place another.</summary>
    Invalid,
}

/// <summary>A certificate to be ordered.</summary>
/// <param name="Identifiers">Of all names and addresses of the certificate.</param>
public sealed record OrderRequest(IReadOnlyList<AcmeIdentifier> Identifiers)
{
    /// <summary>One of <see cref="AcmeDirectory.Profiles"/>. Default the CA's.</summary>
    public string? Profile { get; init; }

    /// <summary>The <see cref="CertificateId"/> of the certificate that this one follows (RFC 9773 §5). Only for CAs with ARI.</summary>
    public string? Replaces { get; init; }

    /// <summary>Few CAs accept this.</summary>
    public DateTimeOffset? NotBefore { get; init; }

    /// <summary>Few CAs accept this.</summary>
    public DateTimeOffset? NotAfter { get; init; }
}

/// <summary>An order as the CA last described it (RFC 8555 §7.1.3).</summary>
/// <param name="Location">Its URL: worth keeping, an order survives the client.</param>
/// <param name="Status">Where it stands.</param>
/// <param name="Expires">When the CA forgets it.</param>
/// <param name="Identifiers">What it is for.</param>
/// <param name="Authorizations">To be made valid; none where the CA lists none, because nothing is left to prove.</param>
/// <param name="Finalize">Where the CSR goes.</param>
/// <param name="Certificate">Once valid.</param>
/// <param name="Error">Once invalid.</param>
/// <param name="Profile">The one that it is issued by, where the CA says.</param>
/// <param name="RetryAfter">When to look again, where the CA says; clamped.</param>
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
    internal static Order Parse(AcmeAnswer answer, Uri location)
    {
        var fields = answer.Fields();
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
            answer.RetryAfter);
    }
}
