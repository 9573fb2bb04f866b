namespace ImGateway.Testing;

/// <summary>What the OCSP responder of a <see cref="ScriptableCa"/> says.</summary>
public enum CaOcsp
{
    /// <summary>The truth: good, or revoked where it is.</summary>
    Truth,
    Revoked,
    Unknown,

    /// <summary>Its nextUpdate is past.</summary>
    Stale,
    Garbage,

    /// <summary>No answer until the client gives up.</summary>
    Slow,

    /// <summary>Signed by a key that has no say over the certificate.</summary>
    OtherSigner,

    /// <summary>The status of some other certificate.</summary>
    OtherCertificate,

    /// <summary>The error tryLater, which is not signed.</summary>
    TryLater,

    /// <summary>HTTP 500.</summary>
    ServerError,
}
