namespace ImGateway.Edge.Certificates.Stapling;

/// <summary>How it stands with the stapled response of a certificate.</summary>
public enum OcspState
{
    /// <summary>The certificate names nobody to ask, or its issuer was not delivered with it. The normal state where a CA has given up OCSP.</summary>
    NotOffered,

    /// <summary>A valid response is stapled.</summary>
    Good,

    /// <summary>The CA says so; nothing is stapled.</summary>
    Revoked,

    /// <summary>There is no valid response, or none yet; nothing is stapled.</summary>
    Stale,
}

static class OcspStateLabels
{
    /// <summary>As metrics and the API say it.</summary>
    public static string Label(this OcspState state) => state switch
    {
        OcspState.Good => "good",
        OcspState.Revoked => "revoked",
        OcspState.Stale => "stale",
        _ => "not_offered",
    };
}
