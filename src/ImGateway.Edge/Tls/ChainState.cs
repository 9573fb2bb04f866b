namespace ImGateway.Edge.Tls;

/// <summary>Whether a chain leads to a known root.</summary>
public enum ChainState
{
    /// <summary>The chain leads to a root of the machine's trust store, or to one delivered with it.</summary>
    Complete,

    /// <summary>The end-entity certificate came alone and its issuer is unknown: possibly a private root that clients have.</summary>
    Unverified,

    /// <summary>A certificate is missing: the issuer of the last one is unknown, or the end-entity certificate names a URL of its issuer.</summary>
    Incomplete,
}

static class ChainStateLabels
{
    /// <summary>The state's name in metrics and the API.</summary>
    public static string Label(this ChainState state) => state switch
    {
        ChainState.Complete => "complete",
        ChainState.Unverified => "unverified",
        _ => "incomplete",
    };
}
