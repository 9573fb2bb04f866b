using ImGateway.Edge.Certificates.Served;

namespace ImGateway.Edge.Certificates.Renewal;

/// <summary>What <see cref="RenewalPolicy"/> knows of a certificate. Fractions of a life count, days do not: lives shrink.</summary>
sealed record Validity(DateTimeOffset NotBefore, DateTimeOffset NotAfter)
{
    public TimeSpan Life => NotAfter - NotBefore;

    /// <summary>Null where a CA has yet to issue one: a development certificate is for as long as there is nothing better.</summary>
    public static Validity? Of(ServedCredential? served) => served is null or { Source: ServedCredential.SelfSigned }
        ? null
        : new(served.Credential.NotBefore, served.Credential.NotAfter);

    /// <summary>When <paramref name="fraction"/> of life is left.</summary>
    public DateTimeOffset Left(double fraction) => NotAfter - Life * fraction;
}
