using ImGateway.Edge.Certificates.Served;

namespace ImGateway.Edge.Certificates.Renewal;

/// <summary>The validity period of a certificate. The policy uses fractions of it, not days, because CAs issue ever shorter lifetimes.</summary>
sealed record Validity(DateTimeOffset NotBefore, DateTimeOffset NotAfter)
{
    public TimeSpan Life => NotAfter - NotBefore;

    /// <summary>Null if there is no certificate of a CA yet: a self-signed one is only temporary.</summary>
    public static Validity? Of(ServedCredential? served) => served is null or { Source: ServedCredential.SelfSigned }
        ? null
        : new(served.Credential.NotBefore, served.Credential.NotAfter);

    /// <summary>The time at which <paramref name="fraction"/> of the lifetime is left.</summary>
    public DateTimeOffset Left(double fraction) => NotAfter - Life * fraction;
}
