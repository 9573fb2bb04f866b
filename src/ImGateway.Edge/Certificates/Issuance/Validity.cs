using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>What <see cref="RenewalPolicy"/> knows of a certificate. Fractions of a life count, days do not: lives shrink.</summary>
sealed record Validity(DateTimeOffset NotBefore, DateTimeOffset NotAfter)
{
    public TimeSpan Life => NotAfter - NotBefore;

    public static Validity? Of(Credential? credential) => credential is null ? null : new(credential.NotBefore, credential.NotAfter);

    /// <summary>When <paramref name="fraction"/> of life is left.</summary>
    public DateTimeOffset Left(double fraction) => NotAfter - Life * fraction;
}
