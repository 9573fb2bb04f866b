using System.Net;

namespace ImGateway.Edge.Configuration;

/// <summary>Section <c>Edge</c> of appsettings.json, read once into immutable facts. Every default stands here.</summary>
public sealed record EdgeOptions
{
    /// <summary>Public names. Required. One managed certificate each.</summary>
    public IReadOnlyList<HostName> Hosts { get; init; } = [];

    /// <summary>The IM gateway, <c>http://host:port</c>, one or several. Required.</summary>
    public IReadOnlyList<Uri> Upstreams { get; init; } = [];

    /// <summary>Path prefixes forwarded: case-sensitive and by whole segments. Default <c>/ws</c>, <c>/api</c>, <c>/health</c>.</summary>
    public IReadOnlyList<string> Routes { get; init; } = ["/ws", "/api", "/health"];

    /// <summary>Certificates, keys, accounts, audit log. Default <c>./data</c>.</summary>
    public string DataDirectory { get; init; } = "./data";

    public ListenSection Listen { get; init; } = new();

    public TlsSection Tls { get; init; } = new();

    public CertificatesSection Certificates { get; init; } = new();

    public AcmeSection Acme { get; init; } = new();

    public PlainHttpSection PlainHttp { get; init; } = new();

    public HeadersSection Headers { get; init; } = new();

    public WebSocketsSection WebSockets { get; init; } = new();

    /// <summary>One JSON line a request; <c>/health</c> and scrapes left out. Default true.</summary>
    public bool AccessLog { get; init; } = true;

    public DrainSection Drain { get; init; } = new();

    public LimitsSection Limits { get; init; } = new();

    /// <summary>Networks in front of the edge: only from these are X-Forwarded-For and Forwarded believed. Default none.</summary>
    public IReadOnlyList<IPNetwork> TrustedProxies { get; init; } = [];

    /// <summary>How long a safe request or an upgrade waits for the gateway to come back. Default 0: not at all.</summary>
    public TimeSpan HoldWhileDown { get; init; }

    /// <summary>Who may read the management port. Default loopback.</summary>
    public IReadOnlyList<IPNetwork> ManagementNetworks { get; init; } = [IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("::1/128")];

    /// <summary>The certificate for clients that send no name: <c>Tls:DefaultHost</c>, else the first host.</summary>
    public HostName DefaultHost => Tls.DefaultHost ?? Hosts[0];
}

public sealed record ListenSection
{
    public IReadOnlyList<ListenAddress> Https { get; init; } = [new(null, 443)];

    public IReadOnlyList<ListenAddress> Http { get; init; } = [new(null, 80)];

    public IReadOnlyList<ListenAddress> Management { get; init; } = [new(IPAddress.Loopback, 9180), new(IPAddress.IPv6Loopback, 9180)];

    /// <summary>
    /// The public listeners require the header of the PROXY protocol, version 1 or 2, and take it from <c>TrustedProxies</c> only; whoever else
    /// connects is closed. Default false: no header is looked for.
    /// </summary>
    public bool ProxyProtocol { get; init; }
}

/// <summary><c>Intermediate</c> = TLS 1.3 and 1.2, <c>Modern</c> = 1.3 only.</summary>
public enum TlsPolicy
{
    Intermediate,
    Modern,
}

/// <summary>What a client hello with a name that is not served gets: alert <c>unrecognized_name</c> (RFC 6066 §3), or the default certificate.</summary>
public enum UnknownNames
{
    Reject,
    Default,
}

/// <summary>What turns the policy, the credentials and the selection into listeners.</summary>
public enum TlsEngine
{
    SslStream,
}

public sealed record TlsSection
{
    public TlsPolicy Policy { get; init; } = TlsPolicy.Intermediate;

    public UnknownNames UnknownNames { get; init; } = UnknownNames.Reject;

    public TlsEngine Engine { get; init; } = TlsEngine.SslStream;

    public HostName? DefaultHost { get; init; }

    /// <summary>From accept to the end of the handshake. Default 10 s.</summary>
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
    /// <summary>Required: null until configured.</summary>
    public CertificateSource? Source { get; init; }

    /// <summary>Guards source SelfSigned against production. Default false.</summary>
    public bool AllowSelfSigned { get; init; }

    public IReadOnlyList<CertificateFile> Files { get; init; } = [];

    /// <summary>For keys that the edge generates. Default P256.</summary>
    public KeyType KeyType { get; init; } = KeyType.P256;

    /// <summary>Keeps the key over renewals by ACME, for apps that pin it. Default false: a new key each time.</summary>
    public bool ReuseKey { get; init; }

    /// <summary>Rotation at the latest at this age. Default 90 days.</summary>
    public TimeSpan MaxAge { get; init; } = TimeSpan.FromDays(90);

    /// <summary>A program and its arguments, run after each swap with the paths of certificate and key. Default none.</summary>
    public IReadOnlyList<string> OnChange { get; init; } = [];
}

/// <summary>Where certificates of source <c>Acme</c> come from (RFC 8555).</summary>
public sealed record AcmeSection
{
    /// <summary><c>letsencrypt</c>, <c>letsencrypt-staging</c>, <c>zerossl</c>, or the URL of a directory. Default <c>letsencrypt</c>.</summary>
    public string Directory { get; init; } = "letsencrypt";

    /// <summary>The account's contact. Default none.</summary>
    public string? Email { get; init; }

    /// <summary>Must be true: only an operator can agree to a CA's terms (RFC 8555 §7.3).</summary>
    public bool AcceptTermsOfService { get; init; }

    /// <summary>In order of preference. Default <c>http-01</c>, <c>tls-alpn-01</c>.</summary>
    public IReadOnlyList<string> Challenges { get; init; } = ["http-01", "tls-alpn-01"];

    /// <summary>
    /// The program for <c>dns-01</c>, called with <c>present</c> or <c>cleanup</c>, the record's name and its value; it has two minutes and of
    /// the edge's environment only <c>PATH</c> and <c>HOME</c>. Default none.
    /// </summary>
    public string? DnsHook { get; init; }

    /// <summary>One of the profiles that the directory lists. Default the CA's own.</summary>
    public string? Profile { get; init; }

    /// <summary>Common name of the issuer that the chain's last certificate shall have. Default the CA's own choice.</summary>
    public string? PreferredChain { get; init; }

    public ExternalAccountSection ExternalAccount { get; init; } = new();

    /// <summary>PEM of the roots by which the CA's own HTTPS is trusted, for private CAs. Default the machine's.</summary>
    public string? TrustedRootsFile { get; init; }

    /// <summary>Fraction of life left at which to renew; 0 = as the CA asks (RFC 9773), else 0.35, 0.5 for lives under 10 days.</summary>
    public double RenewAt { get; init; }
}

/// <summary>External account binding (RFC 8555 §7.3.4), for CAs that want to know their customers.</summary>
public sealed record ExternalAccountSection
{
    public string? KeyId { get; init; }

    /// <summary>Holds the HMAC key in base64url.</summary>
    public string? HmacKeyFile { get; init; }
}

/// <summary>PEM, encrypted PEM or PFX (then without <see cref="Key"/>); watched for changes.</summary>
public sealed record CertificateFile
{
    public string Certificate { get; init; } = "";

    public string? Key { get; init; }

    public string? Chain { get; init; }

    public Secret? Password { get; init; }

    public string? PasswordFile { get; init; }
}

public enum PlainHttpMode
{
    Redirect,
    Reject,
}

public sealed record PlainHttpSection
{
    public PlainHttpMode Mode { get; init; } = PlainHttpMode.Redirect;

    /// <summary>The port clients reach TLS on, for redirects. Default 443.</summary>
    public int HttpsPort { get; init; } = 443;
}

public sealed record HeadersSection
{
    public HstsSection Hsts { get; init; } = new();

    public string FrameOptions { get; init; } = "DENY";

    public string ContentTypeOptions { get; init; } = "nosniff";

    public IReadOnlyDictionary<string, string> Custom { get; init; } = new Dictionary<string, string>();
}

/// <summary>Strict-Transport-Security (RFC 6797), over TLS only.</summary>
public sealed record HstsSection
{
    /// <summary>Default 365 days; zero switches the header off.</summary>
    public TimeSpan MaxAge { get; init; } = TimeSpan.FromDays(365);

    public bool IncludeSubDomains { get; init; } = true;

    public bool Preload { get; init; }
}

public sealed record WebSocketsSection
{
    public IReadOnlyList<string> Routes { get; init; } = ["/ws"];

    /// <summary>No byte in either direction for this long ends a socket. Default one hour.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Exact origins; empty = any.</summary>
    public IReadOnlyList<string> AllowedOrigins { get; init; } = [];
}

/// <summary>How the edge stops in order.</summary>
public sealed record DrainSection
{
    /// <summary>Not ready, but serving everything, so that balancers notice; zero where none asks. Default 5 s.</summary>
    public TimeSpan Delay { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Over how long WebSockets are closed, so that clients do not all come back at once; zero closes them together. Default 20 s.</summary>
    public TimeSpan Spread { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>From the signal on: what is left then is cut. Default 30 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);
}

public sealed record LimitsSection
{
    public long RequestBodyBytes { get; init; } = 10 * 1024 * 1024;

    public int HeaderBytes { get; init; } = 32 * 1024;

    public int UrlBytes { get; init; } = 8 * 1024;

    /// <summary>Slowest request body, bytes per second; 0 = no limit.</summary>
    public int MinBytesPerSecond { get; init; } = 240;

    /// <summary>From one address, IPv6 from one /64; as many at once as in a second. Default 0 = no limit: phones share addresses.</summary>
    public int RequestsPerSecondPerAddress { get; init; }

    /// <summary>Open connections on the public listeners, WebSockets included; 0 = no limit, the default.</summary>
    public int Connections { get; init; }

    /// <summary>
    /// Of these, from one IPv4 address or one IPv6 /64; 0 = no limit, the default: phones of a whole city may share an address.
    /// Connections from <c>TrustedProxies</c> carry many clients and are not counted here.
    /// </summary>
    public int ConnectionsPerAddress { get; init; }

    /// <summary>Open WebSockets; 0 = no limit, the default.</summary>
    public int WebSockets { get; init; }

    /// <summary>
    /// TLS handshakes that are computed at the same time; further ones wait in the order in which they came. One that waits for its client
    /// holds no place. 0, the default = two for each processor; more only makes everybody slower in a reconnect storm.
    /// </summary>
    public int HandshakesInProgress { get; init; }
}
