namespace ImGateway.Edge.Tls;

/// <summary>Whether the certificates of a chain lead to a root, as far as that is known here.</summary>
public enum ChainState
{
    /// <summary>They lead to a root of this machine, or to one that was delivered with them.</summary>
    Complete,

    /// <summary>The leaf came alone, and its issuer is unknown to this machine: perhaps a private root, which clients have.</summary>
    Unverified,

    /// <summary>A link is missing: the issuer of the last certificate is unknown, or the leaf names where its issuer can be had.</summary>
    Incomplete,
}

static class ChainStateLabels
{
    /// <summary>As the metric and the API say it.</summary>
    public static string Label(this ChainState state) => state switch
    {
        ChainState.Complete => "complete",
        ChainState.Unverified => "unverified",
        _ => "incomplete",
    };
}
