using System.Security.Authentication;

namespace ImGateway.Edge.Tls;

/// <summary>Why a handshake failed: the values of the label <c>reason</c>.</summary>
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

    /// <summary>Asked for what is served by another protocol only, and is not served now (RFC 7301 §3.2).</summary>
    NoApplicationProtocol,
}

static class HandshakeFailures
{
    // OpenSSL packs library and reason into an error code; .NET hands it on as HResult of the innermost exception.
    const int ReasonMask = 0x7FFFFF;
    const int HttpRequest = 156, NoSharedCipher = 193, UnsupportedProtocol = 258, WrongVersionNumber = 267, VersionTooLow = 396;
    const int AlertOffset = 1000, LastAlert = AlertOffset + 255;

    public static HandshakeFailure Classify(Exception exception)
    {
        switch (exception)
        {
            case OperationCanceledException: return HandshakeFailure.Timeout;
            case IOException: return HandshakeFailure.Closed;
            case AuthenticationException:
                var innermost = exception.GetBaseException();
                return (innermost.HResult & ReasonMask) switch
                {
                    NoSharedCipher => HandshakeFailure.NoSharedCipher,
                    UnsupportedProtocol or VersionTooLow or WrongVersionNumber => HandshakeFailure.UnsupportedProtocol,
                    HttpRequest => HandshakeFailure.NotTls,
                    >= AlertOffset and <= LastAlert => HandshakeFailure.ClientAlert,
                    _ => HandshakeFailure.Other,
                };
            default: return HandshakeFailure.Other;
        }
    }

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
