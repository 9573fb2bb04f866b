namespace ImGateway.Edge.Certificates.Stapling;

/// <summary>The state of a certificate's stapled response.</summary>
public enum OcspState
{
    /// <summary>The certificate names no responder, or its issuer is unknown. The normal state with CAs that have no OCSP.</summary>
    NotOffered,

    /// <summary>A valid response is stapled.</summary>
    Good,

    /// <summary>The CA reports the certificate as revoked; nothing is stapled.</summary>
    Revoked,

    /// <summary>There is no valid response (yet); nothing is stapled.</summary>
    Stale,
}

static class OcspStateLabels
{
    /// <summary>The state's name in metrics and the API.</summary>
    public static string Label(this OcspState state) => state switch
    {
        OcspState.Good => "good",
        OcspState.Revoked => "revoked",
        OcspState.Stale => "stale",
        _ => "not_offered",
    };
}
