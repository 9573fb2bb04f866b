using System.Net;

namespace ImGateway.Edge.Configuration;

/// <summary>
/// Section <c>Edge</c> of appsettings.json as immutable records, with every default and the meaning of every key: docs/configuration.md is generated from
/// it, including each <c>example</c> (a value in JSON, different from the default).
/// </summary>
public sealed record EdgeOptions
{
    /// <summary>
    /// Public names, required: DNS names, <c>*.example.com</c>, IP addresses. One managed certificate each, named as the host (<c>*</c> written <c>_</c>).
    /// Requests for other names are refused.
    /// </summary>
    /// <example>["gateway.example.com", "*.chat.example.com"]</example>
    public IReadOnlyList<HostName> Hosts { get; init; } = [];

    /// <summary>The IM gateway, <c>http://host:port</c>, one or several; required.</summary>
    /// <example>["http://10.0.0.11:8080", "http://10.0.0.12:8080"]</example>
    public IReadOnlyList<Uri> Upstreams { get; init; } = [];

    public UpstreamSection Upstream { get; init; } = new();

    /// <summary>
    /// Path prefixes that are forwarded, case-sensitive and by whole segments: <c>/api</c> matches <c>/api</c> and <c>/api/x</c>, not <c>/apix</c>. All other
    /// paths get 404.
    /// </summary>
    /// <example>["/ws", "/api", "/health", "/files"]</example>
    public IReadOnlyList<string> Routes { get; init; } = ["/ws", "/api", "/health"];

    /// <summary>Certificates, keys, accounts, audit log, control socket; mode 0700. Relative to the working directory.</summary>
    /// <example>"/var/lib/imgw"</example>
    public string DataDirectory { get; init; } = "./data";

    public ListenSection Listen { get; init; } = new();

    public TlsSection Tls { get; init; } = new();

    public CertificatesSection Certificates { get; init; } = new();

    public AcmeSection Acme { get; init; } = new();

    /// <summary>
    /// An HTTP proxy for requests to the CA and OCSP responders, <c>http://host:port</c> or <c>http://user:password@host:port</c>; connections to the gateway
    /// never use it. None: that of the variables <c>HTTPS_PROXY</c> and <c>HTTP_PROXY</c>, except for destinations that <c>NO_PROXY</c> lists.
    /// </summary>
    /// <example>"http://proxy.example.com:3128"</example>
    public OutgoingProxyAddress? OutgoingProxy { get; init; }

    public PlainHttpSection PlainHttp { get; init; } = new();

    public HeadersSection Headers { get; init; } = new();

    public WebSocketsSection WebSockets { get; init; } = new();

    /// <summary>One JSON line for each request, for a WebSocket at its end; <c>/health</c> and scrapes are not logged.</summary>
    /// <example>false</example>
    public bool AccessLog { get; init; } = true;

    public AuditSection Audit { get; init; } = new();

    public DrainSection Drain { get; init; } = new();

    public LimitsSection Limits { get; init; } = new();

    /// <summary>Networks of proxies in front of the edge: <c>X-Forwarded-For</c>, <c>Forwarded</c> and the PROXY header are trusted only from these.</summary>
    /// <example>["10.0.0.0/28", "2001:db8::7"]</example>
    public IReadOnlyList<IPNetwork> TrustedProxies { get; init; } = [];

    /// <summary>How long a safe request or an upgrade waits for the gateway to come back; 0 = not at all. At most an hour.</summary>
    /// <example>"00:00:15"</example>
    public TimeSpan HoldWhileDown { get; init; }

    /// <summary>Who may read the management port.</summary>
    /// <example>["127.0.0.0/8", "::1/128", "10.0.0.0/28"]</example>
    public IReadOnlyList<IPNetwork> ManagementNetworks { get; init; } = [IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("::1/128")];

    /// <summary>The proxies used if <see cref="OutgoingProxy"/> is not set.</summary>
    internal ProxyEnvironment ProxyEnvironment { get; init; } = ProxyEnvironment.None;

    /// <summary>The certificate for clients that send no name: <c>Tls:DefaultHost</c>, else the first host.</summary>
    public HostName DefaultHost => Tls.DefaultHost ?? Hosts[0];
}

public sealed record ListenSection
{
    static readonly IReadOnlyList<ListenAddress>
        DefaultHttps = [new(null, 443)], DefaultHttp = [new(null, 80)], DefaultManagement = [new(IPAddress.Loopback, 9180), new(IPAddress.IPv6Loopback, 9180)];

    /// <summary>Addresses on which TLS is served: <c>address:port</c>; <c>*</c> is all IPv4 and IPv6. An empty list switches the listener off.</summary>
    /// <example>["203.0.113.7:443", "[2001:db8::7]:443"]</example>
    public IReadOnlyList<ListenAddress> Https { get; init; } = DefaultHttps;

    /// <summary>Addresses on which plain HTTP is redirected or refused, and a CA's http-01 challenges are answered. An empty list switches the listener off.</summary>
    /// <example>[]</example>
    public IReadOnlyList<ListenAddress> Http { get; init; } = DefaultHttp;

    /// <summary>
    /// Addresses of health, metrics and the status page, which are read-only. An empty list switches the listener off. A default address that the
    /// machine lacks, as <c>[::1]</c> without IPv6, is skipped; a configured address must exist.
    /// </summary>
    /// <example>["*:9180"]</example>
    public IReadOnlyList<ListenAddress> Management { get; init; } = DefaultManagement;

    /// <summary>
    /// The public listeners require the header of the PROXY protocol, version 1 or 2, and accept it from <c>TrustedProxies</c> only; other connections
    /// are closed. False: no header is expected.
    /// </summary>
    /// <example>true</example>
    public bool ProxyProtocol { get; init; }

    /// <summary>Whether a list is a default that is not configured. The same addresses, configured, are required to exist.</summary>
    internal static bool IsDefault(IReadOnlyList<ListenAddress> addresses) => addresses == DefaultHttps || addresses == DefaultHttp || addresses == DefaultManagement;
}

/// <summary><c>Intermediate</c> = TLS 1.3 and 1.2, <c>Modern</c> = 1.3 only.</summary>
public enum TlsPolicy
{
    Intermediate,
    Modern,
}

/// <summary>The response to a ClientHello with a name that is not served: alert <c>unrecognized_name</c> (RFC 6066 §3), or the default certificate.</summary>
public enum UnknownNames
{
    Reject,
    Default,
}

/// <summary>The TLS implementation.</summary>
public enum TlsEngine
{
    /// <summary>.NET's SslStream over .NET's sockets.</summary>
    SslStream,

    /// <summary>OpenSSL on the socket's descriptor. Linux only.</summary>
    Direct,
}

public sealed record TlsSection
{
    /// <summary>
    /// <c>Intermediate</c> = TLS 1.3 and 1.2, <c>Modern</c> = 1.3 only; with AES-GCM and ChaCha20-Poly1305 suites and forward secrecy in either.
    /// </summary>
    /// <example>"Modern"</example>
    public TlsPolicy Policy { get; init; } = TlsPolicy.Intermediate;

    /// <summary>
    /// The response to a ClientHello with a name that is not served: <c>Reject</c> = alert <c>unrecognized_name</c>, <c>Default</c> = the certificate of
    /// <c>DefaultHost</c>.
    /// </summary>
    /// <example>"Default"</example>
    public UnknownNames UnknownNames { get; init; } = UnknownNames.Reject;

    /// <summary>
    /// The TLS implementation: <c>SslStream</c> of .NET, or <c>Direct</c>, OpenSSL on the socket, which costs less per handshake and message (Linux, OpenSSL 3.0 to 3.5;
    /// elsewhere it is <c>SslStream</c>, with a warning).
    /// </summary>
    /// <example>"Direct"</example>
    public TlsEngine Engine { get; init; } = TlsEngine.SslStream;

    /// <summary>One of <c>Hosts</c>: its certificate is for clients that send no name. None: the first of <c>Hosts</c>.</summary>
    /// <example>"gateway.example.com"</example>
    public HostName? DefaultHost { get; init; }

    /// <summary>Time limit from accept to the end of the handshake; a slower client is disconnected.</summary>
    /// <example>"00:00:05"</example>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(10);
}

public enum CertificateSource
{
    Acme,
    Files,
    SelfSigned,
}

public enum KeyType
{
    P256,
    P384,
    RSA2048,
    RSA3072,
    RSA4096,
}

public sealed record CertificatesSection
{
    /// <summary>
    /// Required: <c>Acme</c> = a CA by ACME; <c>Files</c>; <c>SelfSigned</c> = a development CA of the edge's own. A host that one of <c>Files</c> covers
    /// is served from it, whatever the source.
    /// </summary>
    /// <example>"Acme"</example>
    public CertificateSource? Source { get; init; }

    /// <summary>Must be true for source <c>SelfSigned</c>, so that it is not used in production by accident.</summary>
    /// <example>true</example>
    public bool AllowSelfSigned { get; init; }

    /// <summary>
    /// Certificates from files: PEM, encrypted PEM or PFX. They are watched: renames, symlink swaps, in-place writes and bind mounts are noticed within two
    /// seconds. If several cover a host, the edge serves one that is valid now; of those one that names the host without a wildcard, then one whose chain leads
    /// to a root, then one with an ECDSA key, then the newest. A file that serves no host because of that is reported by <c>validate</c>, <c>doctor</c> and in the log.
    /// </summary>
    /// <example>[{ "Certificate": "/etc/imgw/fullchain.pem", "Key": "/etc/imgw/privkey.pem" }]</example>
    public IReadOnlyList<CertificateFile> Files { get; init; } = [];

    /// <summary>For keys that the edge generates. RSA below 2048 bits and curves below P-256 are refused wherever they come from.</summary>
    /// <example>"RSA4096"</example>
    public KeyType KeyType { get; init; } = KeyType.P256;

    /// <summary>Keeps the key at renewals by ACME, for apps that pin it. False: a new key for each renewal.</summary>
    /// <example>true</example>
    public bool ReuseKey { get; init; }

    /// <summary>The age at which certificates are rotated at the latest: ACME and self-signed ones are renewed, for files there is a warning and an alert.</summary>
    /// <example>"60.00:00:00"</example>
    public TimeSpan MaxAge { get; init; } = TimeSpan.FromDays(90);

    /// <summary>
    /// A program and its arguments, run after each swap with the paths of certificate and key behind them: for coturn, XMPP and others that use the same
    /// certificate. It has a fixed environment and a time limit.
    /// </summary>
    /// <example>["/usr/local/bin/reload-coturn", "--quiet"]</example>
    public IReadOnlyList<string> OnChange { get; init; } = [];
}

/// <summary>Where certificates of source <c>Acme</c> come from (RFC 8555).</summary>
public sealed record AcmeSection
{
    /// <summary><c>letsencrypt</c>, <c>letsencrypt-staging</c>, <c>zerossl</c>, or the https URL of a CA's directory.</summary>
    /// <example>"https://ca.example.com/acme/directory"</example>
    public string Directory { get; init; } = "letsencrypt";

    /// <summary>The account's contact.</summary>
    /// <example>"ops@example.com"</example>
    public string? Email { get; init; }

    /// <summary>Must be true for source <c>Acme</c>: only an operator can agree to a CA's terms (RFC 8555 §7.3).</summary>
    /// <example>true</example>
    public bool AcceptTermsOfService { get; init; }

    /// <summary>
    /// How names are proved, in order of preference: <c>http-01</c>, <c>tls-alpn-01</c>, <c>dns-01</c> (needs <c>DnsHook</c>; the one for wildcards),
    /// <c>dns-persist-01</c> (experimental: a draft that CAs may change or withdraw).
    /// </summary>
    /// <example>["tls-alpn-01"]</example>
    public IReadOnlyList<string> Challenges { get; init; } = ["http-01", "tls-alpn-01"];

    /// <summary>
    /// The program for <c>dns-01</c>, called with <c>present</c> or <c>cleanup</c>, the record's name and its value; it has two minutes and of the edge's
    /// environment only <c>PATH</c> and <c>HOME</c>.
    /// </summary>
    /// <example>"/usr/local/bin/dns-hook"</example>
    public string? DnsHook { get; init; }

    /// <summary>
    /// One of the profiles that the directory lists; <c>shortlived</c> at Let's Encrypt for IP addresses. None: the CA's own choice. If the CA drops the
    /// profile, renewals fail until a third of the time to renew has passed; from then on they are ordered without it, with a warning.
    /// </summary>
    /// <example>"shortlived"</example>
    public string? Profile { get; init; }

    /// <summary>Common name of the issuer of the chain's last certificate: a root that clients trust. None: the CA's own choice.</summary>
    /// <example>"ISRG Root X1"</example>
    public string? PreferredChain { get; init; }

    public ExternalAccountSection ExternalAccount { get; init; } = new();

    /// <summary>
    /// PEM file of the roots to trust for the CA's HTTPS API, for private CAs; a chain that it issues may end in one of them too. None: the machine's trust
    /// store.
    /// </summary>
    /// <example>"/etc/imgw/ca-roots.pem"</example>
    public string? TrustedRootsFile { get; init; }

    /// <summary>Fraction of the lifetime left at which to renew; 0 = as the CA suggests (RFC 9773), else 0.35, 0.5 for lifetimes under 10 days.</summary>
    /// <example>0.5</example>
    public double RenewAt { get; init; }
}

/// <summary>External account binding (RFC 8555 §7.3.4), for CAs that require it.</summary>
public sealed record ExternalAccountSection
{
    /// <summary>The key id from the CA (RFC 8555 §7.3.4).</summary>
    /// <example>"kid-1"</example>
    public string? KeyId { get; init; }

    /// <summary>A file with the HMAC key of <c>KeyId</c> in base64url.</summary>
    /// <example>"/etc/imgw/eab.key"</example>
    public string? HmacKeyFile { get; init; }
}

/// <summary>PEM, encrypted PEM or PFX (then without <see cref="Key"/>); watched for changes.</summary>
public sealed record CertificateFile
{
    /// <summary>Required of each: the certificate, its chain behind it or in <c>Chain</c>; or a PFX file, then without <c>Key</c>.</summary>
    /// <example>"/etc/imgw/fullchain.pem"</example>
    public string Certificate { get; init; } = "";

    /// <summary>The private key. None: it is in the file of the certificate.</summary>
    /// <example>"/etc/imgw/privkey.pem"</example>
    public string? Key { get; init; }

    /// <summary>The issuers' certificates, where they are not in the file of the certificate.</summary>
    /// <example>"/etc/imgw/chain.pem"</example>
    public string? Chain { get; init; }

    /// <summary>Opens an encrypted key or a PFX file. <c>PasswordFile</c> keeps it out of the configuration.</summary>
    /// <example>"correct horse"</example>
    public Secret? Password { get; init; }

    /// <summary>A file with the password; one line break at its end is ignored.</summary>
    /// <example>"/run/secrets/im-key"</example>
    public string? PasswordFile { get; init; }

    /// <summary>The paths of all files of the certificate.</summary>
    internal IEnumerable<string> AllPaths() => new[] { Certificate, Key, Chain, PasswordFile }.OfType<string>();
}

public enum PlainHttpMode
{
    Redirect,
    Reject,
}

public sealed record PlainHttpSection
{
    /// <summary>
    /// <c>Redirect</c> = 301 to https, 308 where the method has a body, for configured hosts, else 421; <c>Reject</c> = 403 <c>TLS required</c>. A CA's
    /// challenges are answered first in both.
    /// </summary>
    /// <example>"Reject"</example>
    public PlainHttpMode Mode { get; init; } = PlainHttpMode.Redirect;

    /// <summary>The port clients reach TLS on, for redirects.</summary>
    /// <example>8443</example>
    public int HttpsPort { get; init; } = 443;
}

public sealed record HeadersSection
{
    public HstsSection Hsts { get; init; } = new();

    /// <summary><c>X-Frame-Options</c> on every response, errors too; empty: not sent.</summary>
    /// <example>"SAMEORIGIN"</example>
    public string FrameOptions { get; init; } = "DENY";

    /// <summary><c>X-Content-Type-Options</c> on every response; empty: not sent.</summary>
    /// <example>""</example>
    public string ContentTypeOptions { get; init; } = "nosniff";

    /// <summary>More headers for every response; they replace the upstream's of the same name.</summary>
    /// <example>{ "Referrer-Policy": "no-referrer" }</example>
    public IReadOnlyDictionary<string, string> Custom { get; init; } = new Dictionary<string, string>();
}

/// <summary>Strict-Transport-Security (RFC 6797), over TLS only.</summary>
public sealed record HstsSection
{
    /// <summary>How long browsers must use only TLS; 0 = the header is not sent. Over TLS only.</summary>
    /// <example>"730.00:00:00"</example>
    public TimeSpan MaxAge { get; init; } = TimeSpan.FromDays(365);

    /// <summary>Applies to all subdomains too.</summary>
    /// <example>false</example>
    public bool IncludeSubDomains { get; init; } = true;

    /// <summary>Permits inclusion in the preload lists of browsers. Hard to undo.</summary>
    /// <example>true</example>
    public bool Preload { get; init; }
}

public sealed record UpstreamSection
{
    /// <summary>
    /// How long the gateway may be silent: before a response (then 504) and during one (then the response is aborted). A response of
    /// <c>text/event-stream</c> may be silent for an hour, or for this time if it is longer. At most a day.
    /// </summary>
    /// <example>"00:05:00"</example>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(100);
}

public sealed record WebSocketsSection
{
    /// <summary>The <c>Routes</c> that accept WebSocket upgrades. Upgrades to other protocols are never forwarded.</summary>
    /// <example>["/ws", "/api"]</example>
    public IReadOnlyList<string> Routes { get; init; } = ["/ws"];

    /// <summary>A socket without a byte in either direction for this long is closed, and so is one whose reader has been blocking the other side for this long.</summary>
    /// <example>"00:10:00"</example>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Exact origins from which a WebSocket may be opened; empty = any. Clients that send no origin, such as apps, are accepted.</summary>
    /// <example>["https://chat.example.com"]</example>
    public IReadOnlyList<string> AllowedOrigins { get; init; } = [];
}

/// <summary>The graceful shutdown.</summary>
public sealed record DrainSection
{
    /// <summary>Time for load balancers to notice that the edge is not ready, during which everything is still served; 0 if there is none.</summary>
    /// <example>"00:00:15"</example>
    public TimeSpan Delay { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The time over which WebSockets are closed and event streams ended, so that clients do not all reconnect at once; 0 closes them together.</summary>
    /// <example>"00:00:10"</example>
    public TimeSpan Spread { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Time from the signal until the remaining connections are aborted. Longer than <c>Delay</c> and <c>Spread</c> together.</summary>
    /// <example>"00:02:00"</example>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);
}

public sealed record AuditSection
{
    /// <summary>
    /// Size at which <c>audit.jsonl</c> in <c>DataDirectory</c> is rotated to <c>audit.000001.jsonl</c>, 000002 and so on. At least
    /// 4096; an entry has some 400 bytes. <c>imgw audit</c> reads all of them.
    /// </summary>
    /// <example>1048576</example>
    public long MaxBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>How many rotated files are kept; the oldest is deleted when there is one more.</summary>
    /// <example>100</example>
    public int Keep { get; init; } = 10;
}

public sealed record LimitsSection
{
    /// <summary>Longest request body; beyond it 413.</summary>
    /// <example>52428800</example>
    public long RequestBodyBytes { get; init; } = 10 * 1024 * 1024;

    /// <summary>All request headers together.</summary>
    /// <example>16384</example>
    public int HeaderBytes { get; init; } = 32 * 1024;

    /// <summary>Longest request target; beyond it 414.</summary>
    /// <example>4096</example>
    public int UrlBytes { get; init; } = 8 * 1024;

    /// <summary>
    /// Minimum rate of a request body in bytes per second; 0 = no limit. A client that reads the rest of a response more slowly, after 15 s of grace, is
    /// disconnected; with 0, one that reads nothing.
    /// </summary>
    /// <example>1024</example>
    public int MinBytesPerSecond { get; init; } = 240;

    /// <summary>Requests per second from one address (IPv6: one /64), with bursts of one second's number; more get 429. 0 = no limit, because phones share addresses.</summary>
    /// <example>200</example>
    public int RequestsPerSecondPerAddress { get; init; }

    /// <summary>Open connections on the public listeners, WebSockets included; 0 = no limit.</summary>
    /// <example>20000</example>
    public int Connections { get; init; }

    /// <summary>
    /// Of these, from one IPv4 address or one IPv6 /64; 0 = no limit: the phones of a whole city may share an address. Connections from <c>TrustedProxies</c>
    /// carry many clients and are not counted here.
    /// </summary>
    /// <example>500</example>
    public int ConnectionsPerAddress { get; init; }

    /// <summary>Open WebSockets; 0 = no limit.</summary>
    /// <example>9000</example>
    public int WebSockets { get; init; }

    /// <summary>
    /// TLS handshakes that are computed at the same time; others wait in order of arrival, round-robin among addresses. One that waits for its client does not count.
    /// 0 = two for each processor; more only slows down all handshakes in a reconnect storm.
    /// </summary>
    /// <example>16</example>
    public int HandshakesInProgress { get; init; }
}
