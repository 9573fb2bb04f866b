
namespace ImGateway.Edge.Configuration;

/// <summary>
/// ACME challenge types (RFC 8555 §8, RFC 8737, draft-ietf-acme-dns-persist), as CAs and <c>Acme:Challenges</c> name them.
/// </summary>
static class ChallengeTypes
{
    public const string Http = "http-01", TlsAlpn = "tls-alpn-01", Dns = "dns-01", DnsPersist = "dns-persist-01";

    public static readonly IReadOnlyList<string> All = [Http, TlsAlpn, Dns, DnsPersist];
}
