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
    // OpenSSL packs library and reason into an error code (openssl/sslerr.h), which is the HResult of the exception.
    const int ReasonMask = 0x7FFFFF;
    const int HttpRequest = 156, NoSharedCipher = 193, UnsupportedProtocol = 258, WrongVersionNumber = 267, VersionTooLow = 396;
    const int AlertOffset = 1000, LastAlert = AlertOffset + 255;

    public static HandshakeFailure OfOpenSslError(int code) => (code & ReasonMask) switch
    {
        NoSharedCipher => HandshakeFailure.NoSharedCipher,
        UnsupportedProtocol or VersionTooLow or WrongVersionNumber => HandshakeFailure.UnsupportedProtocol,
        HttpRequest => HandshakeFailure.NotTls,
        >= AlertOffset and <= LastAlert => HandshakeFailure.ClientAlert,
        _ => HandshakeFailure.Other,
    };

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
