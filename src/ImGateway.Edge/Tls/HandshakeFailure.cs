namespace ImGateway.Edge.Tls;

/// <summary>Why a handshake failed: the values of the metric label <c>reason</c>.</summary>
enum HandshakeFailure
{
    Other,
    UnsupportedProtocol,
    NoSharedCipher,
    UnknownName,
    ClientAlert,
    Timeout,
    Closed,
    NotTls,
    Refused,

    /// <summary>The client offered only an ALPN protocol for which nothing is served now (RFC 7301 §3.2).</summary>
    NoApplicationProtocol,
}

static class HandshakeFailures
{
    public static string Label(this HandshakeFailure failure) => failure switch
    {
        HandshakeFailure.UnsupportedProtocol => "unsupported_protocol",
        HandshakeFailure.NoSharedCipher => "no_shared_cipher",
        HandshakeFailure.UnknownName => "unknown_name",
        HandshakeFailure.ClientAlert => "client_alert",
        HandshakeFailure.Timeout => "timeout",
        HandshakeFailure.Closed => "closed",
        HandshakeFailure.NotTls => "not_tls",
        HandshakeFailure.Refused => "refused",
        _ => "other",
    };
}
