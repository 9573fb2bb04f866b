using ImGateway.Edge.Certificates.Audit;
using ImGateway.Edge.Certificates.Renewal;
using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Operations.Reload;
using ImGateway.Edge.Operations.Shutdown;
using ImGateway.Edge.Operations.Status;
using ImGateway.Edge.Proxying;

namespace ImGateway.Edge.Tests.Operations.StatusPage;

/// <summary>An edge as one finds them: four hosts, two gateways, a thousand sockets. What has a field has a value in one of these.</summary>
static class SampleStatus
{
    public static readonly DateTimeOffset Now = new(2026, 11, 26, 14, 12, 40, TimeSpan.Zero);

    const string LetsEncrypt = "https://acme-v02.api.letsencrypt.org/directory";
    const string LastError =
        "unauthorized: http-01 for chat.example.com: Invalid response from http://chat.example.com/.well-known/acme-challenge/…: 404; port 80 of the name has to reach this edge from the CA";

    public static StatusResponse Healthy { get; } = new(
        "0.9.0", "7c1e04d92b6f", "3.5.4", "SslStream", Now.AddDays(-12).AddHours(-4), 12 * 86400 + (4 * 3600), Ready: true, [], 1284,
        [
            new("http://10.0.0.11:8080", "healthy", "healthy", "healthy", 655, new HealthCheckResult(Now.AddSeconds(-3), Succeeded: true, "200")),
            new("http://10.0.0.12:8080", "healthy", "healthy", "healthy", 641, new HealthCheckResult(Now.AddSeconds(-3), Succeeded: true, "200")),
        ],
        [
            Certificate("gateway.example.com", issuedDaysAgo: 24, days: 90, renewInDays: 35.2, "ari"),
            Certificate("chat.example.com", issuedDaysAgo: 52, days: 90, renewInDays: 7.4, "ari"),
            Certificate("*.media.example.com", issuedDaysAgo: 3, days: 90, renewInDays: 56.1, "ari") with { KeyType = "P384" },
            Corporate,
        ])
    {
        Time = Now,
        Connections = 1311,
        Handshakes = new HandshakeStatus(
            284_120, 203_884, 2, 1_532,
            [new("TLSv1.3", 280_915), new("TLSv1.2", 3_205)],
            [
                new("TLS_AES_128_GCM_SHA256", 214_003), new("TLS_AES_256_GCM_SHA384", 52_410), new("TLS_CHACHA20_POLY1305_SHA256", 14_502),
                new("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", 3_205),
            ],
            [new("closed", 801), new("not_tls", 344), new("unsupported_protocol", 227), new("unknown_name", 112), new("timeout", 48)]),
        Sockets = new WebSocketStatus(1284, [new("client", 118_201), new("idle", 4_120), new("upstream", 2_067), new("error", 12)], 4_310_221_034, 19_832_551_207),
        Requests = new RequestStatus(
            1_904_377, 0,
            [new("2xx", 1_771_034), new("1xx", 125_684), new("4xx", 7_541), new("5xx", 118)],
            [new("api", 1_771_870), new("ws", 126_902), new("other", 5_605)],
            [new("no_route", 5_605), new("unknown_host", 1_204)],
            [new("connect", 97), new("timeout", 21)]),
        History = History(),
        Configuration = new ConfigurationStatus(
            Succeeded: true, Now.AddDays(-2), "a change of /etc/imgw/appsettings.json", Now.AddDays(-2), ["Edge:Limits:Connections: 0 -> 20000"], [], []),
        Audit =
        [
            Renewed("*.media.example.com", 3, "ari"), Renewed("gateway.example.com", 24, "ari"),
            new(Now.AddDays(-40), AuditActions.Installed, "legacy.example.com", "file", "/etc/imgw/legacy.crt", "17A0", "4B1D22E09C", "pin", "CN=Example Corp Issuing CA 3", 3),
            Renewed("chat.example.com", 52, "missing"),
            new(Now.AddDays(-52), AuditActions.AccountRegistered, Host: null, "missing", "loop", Detail: "https://acme-v02.api.letsencrypt.org/acme/acct/2148731"),
        ],
    };

    public static StatusResponse RenewalFailing { get; } = Healthy with
    {
        Certificates =
        [
            Healthy.Certificates[0],
            Certificate("chat.example.com", issuedDaysAgo: 66, days: 90, renewInDays: 0.06, "ari") with
            {
                Next = new NextAction("renew", Now.AddMinutes(84), "ari") { LastError = LastError, Failures = 3 },
            },
            Healthy.Certificates[2],
            Corporate,
        ],
        Upstreams =
        [
            Healthy.Upstreams[0] with { UnderWay = 1296 },
            new("http://10.0.0.12:8080", "unhealthy", "unhealthy", "healthy", 0, new HealthCheckResult(Now.AddSeconds(-4), Succeeded: false, "Connection refused")),
        ],
        Configuration = new ConfigurationStatus(
            Succeeded: false, Now.AddMinutes(-18), "SIGHUP", Now.AddDays(-2), [], ["Edge:Limits:Connection: unknown key; did you mean Connections?"],
            ["Edge:Drain:Spread: '90' is no duration; write hh:mm:ss or d.hh:mm:ss"]),
        Audit =
        [
            Failed(minutesAgo: 16), Failed(minutesAgo: 27), Failed(minutesAgo: 28), .. Healthy.Audit!,
        ],
    };

    public static StatusResponse Draining { get; } = Healthy with
    {
        Ready = false,
        Reasons = ["draining"],
        WebSockets = 472,
        Connections = 481,
        Sockets = Healthy.Sockets with { Open = 472, Closed = [.. Healthy.Sockets.Closed, new NamedCount("drain", 812)] },
        Drain = new DrainStatus("closing", Now.AddSeconds(-18), Now.AddSeconds(-13), Now.AddSeconds(12), 1284, 472, 481),
        History = Healthy.History with { WebSockets = [.. Healthy.History.WebSockets.SkipLast(2), 1284, 651], Connections = [.. Healthy.History.Connections.SkipLast(2), 1309, 662] },
        Upstreams = [.. Healthy.Upstreams.Select(upstream => upstream with { UnderWay = 238 })],
    };

    /// <summary>One host of several has no certificate.</summary>
    public static StatusResponse Degraded { get; } = Healthy with
    {
        Degraded = ["no certificate for chat.example.com"],
        Certificates =
        [
            Healthy.Certificates[0],
            new CertificateStatus("chat.example.com", "chat.example.com", Next: new NextAction("renew", Now.AddSeconds(40), "missing") { LastError = LastError, Failures = 1 }),
            Healthy.Certificates[2],
            Corporate with
            {
                ChainLength = 1,
                ChainState = "unverified",
                ChainProblem = "the certificate of its issuer 'CN=Example Corp Issuing CA 3, O=Example Corp' is missing, so clients could not verify it unless they have that one (chain unverified); append the certificates of the missing issuers to the file",
            },
        ],
    };

    public static StatusResponse Starting { get; } = Healthy with
    {
        Ready = false,
        Reasons = ["starting", "no certificate for gateway.example.com"],
        Certificates = [new CertificateStatus("gateway.example.com", "gateway.example.com", Next: new NextAction("renew", Now.AddSeconds(40), "missing") { LastError = LastError, Failures = 1 })],
        WebSockets = 0,
        Connections = 0,
        Handshakes = new HandshakeStatus(0, 0, 0, 0, [], [], []),
        Sockets = new WebSocketStatus(0, [], 0, 0),
        Requests = new RequestStatus(0, 0, [], [], [], []),
        History = new HistoryStatus(10, Now, [0], [0], [0], [0]),
        Upstreams = [new("http://10.0.0.11:8080", "unknown", "unknown", "unknown", 0)],
        Configuration = new ConfigurationStatus(Succeeded: true, Now.AddSeconds(-4), "the start", Now.AddSeconds(-4), [], [], []),
        StartedAt = Now.AddSeconds(-4),
        Audit = [],
    };

    static CertificateStatus Corporate => Certificate("legacy.example.com", issuedDaysAgo: 40, days: 397, renewInDays: 50, "MaxAge") with
    {
        Issuer = "CN=Example Corp Issuing CA 3, O=Example Corp",
        KeyType = "RSA3072",
        ChainLength = 3,
        ChainState = "complete",
        Ocsp = "good",
        Source = "files",
        Origin = "/etc/imgw/legacy.crt",
        Next = new NextAction("rotate", Now.AddDays(50), "MaxAge"),
    };

    static CertificateStatus Certificate(string host, double issuedDaysAgo, double days, double renewInDays, string why) => new(
        host, host.Replace('*', '_'), [host], "CN=E7, O=Let's Encrypt, C=US", "052C0B8E3F6A19D4477E80C2A5B391F06D1E", "2zX8Qv0m4m6P1d7oUoV0c9hSx1JqH3kYwq0uYB6rT9E=", "P256",
        Now.AddDays(-issuedDaysAgo), Now.AddDays(days - issuedDaysAgo), Math.Round(days - issuedDaysAgo, 1), 2, "not_offered", "acme", LetsEncrypt,
        Now.AddDays(-issuedDaysAgo), new PreviousCertificate("04A19C7722D1F0", Now.AddDays(28 - issuedDaysAgo)), new NextAction("renew", Now.AddDays(renewInDays), why));

    static AuditEntry Renewed(string host, int daysAgo, string why) => new(
        Now.AddDays(-daysAgo), AuditActions.Renewed, host, why, "loop", "04A19C7722D1F0", "052C0B8E3F6A19D4477E80C2A5B391F06D1E", "pin", "CN=E7, O=Let's Encrypt, C=US", 2, "classic");

    static AuditEntry Failed(int minutesAgo) => new(
        Now.AddMinutes(-minutesAgo), AuditActions.RenewalFailed, "chat.example.com", "ari", "loop", "052C0B8E3F6A19D4477E80C2A5B391F06D1E", Detail: LastError);

    /// <summary>An hour in which a gateway was restarted once.</summary>
    static HistoryStatus History()
    {
        var random = new Random(7);
        List<long> sockets = [], connections = [], handshakes = [], requests = [];
        for (var i = 0; i < TrafficHistory.MaxSamples; i++)
        {
            var restart = i is > 205 and < 236 ? (236 - i) / 30.0 : 0;
            var open = (long)((1120 + (i * 0.45) + (38 * Math.Sin(i / 21.0)) + (random.NextDouble() * 9)) * (1 - (0.42 * restart)));
            sockets.Add(open);
            connections.Add(open + 20 + random.Next(12));
            handshakes.Add((long)(3 + (random.NextDouble() * 4) + (i is > 205 and < 236 ? 21 : 0)));
            requests.Add((long)(168 + (22 * Math.Sin(i / 30.0)) + (random.NextDouble() * 30)));
        }

        sockets[^1] = 1284;
        connections[^1] = 1311;
        return new HistoryStatus(10, Now.AddSeconds(-4), sockets, connections, handshakes, requests);
    }
}
