namespace ImGateway.Edge.Configuration;

/// <summary>
/// How control of a name is proved (RFC 8555 §8, RFC 8737, draft-ietf-acme-dns-persist), as CAs name it and as <c>Acme:Challenges</c> does.
/// </summary>
static class ChallengeTypes
{
    public const string Http = "http-01", TlsAlpn = "tls-alpn-01", Dns = "dns-01", DnsPersist = "dns-persist-01";

    public static readonly IReadOnlyList<string> All = [Http, TlsAlpn, Dns, DnsPersist];
}
