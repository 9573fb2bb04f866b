using System.Diagnostics;
using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using ImGateway.Edge.Tests.Challenges;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Acme;

/// <summary>The program with nothing but a configuration, before Let's Encrypt's test CA.</summary>
public sealed class FirstCertificateTests : IDisposable
{
    const string Host = "gateway.test";

    static readonly TimeSpan Promise = TimeSpan.FromSeconds(30);
    static readonly TimeSpan AtOnce = TimeSpan.FromSeconds(10);

    readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("http-01", Host, false)]
    [InlineData("tls-alpn-01", Host, true)]
    [InlineData("dns-01", "*.gateway.test", true)]
    [InlineData("http-01", "127.0.0.1", false)]
    public async Task Within_half_a_minute_there_is_a_certificate_that_a_restart_keeps_without_its_CA(string challenge, string host, bool debian)
    {
        EdgeSetup setup;
        X509Certificate2 root;
        string serial;
        var client = host.Replace("*", "a");
        await using (var pebble = await Pebble.StartAsync(new PebbleOptions { Debian = debian, NonceRejectPercent = 50, ValidationSleep = TimeSpan.FromSeconds(1) }))
        {
            using var hook = await HookOfAsync(pebble);
            root = X509Certificate2.CreateFromPem(await pebble.IssuingRootPemAsync());
            setup = Setup(pebble, host, ("Acme:Challenges", new JsonArray(challenge)), ("Acme:DnsHook", challenge == "dns-01" ? hook.Path : null));
            await using var edge = await EdgeProcess.StartListeningAsync(setup);
            var started = Stopwatch.GetTimestamp();
            await edge.WaitUntilReadyAsync(Promise);
            TestContext.Current.SendDiagnosticMessage($"{challenge} for {host}: a certificate after {Stopwatch.GetElapsedTime(started).TotalSeconds:0.0} s");

            serial = await new EdgeClient(edge.Https, root).ServedSerialAsync(client);
            // Counted once it is stored, just after it is served.
            var metrics = await edge.WaitForMetricsAsync(
                it => it.Sum("imgw_certificate_renewals_total", ("host", host), ("result", "success"), ("reason", "missing")) == 1, AtOnce);
            Assert.Equal(0, metrics.Sum("imgw_certificate_renewal_consecutive_failures", ("host", host)));
            Assert.True(metrics.Sum("imgw_certificate_next_renewal_timestamp_seconds", ("host", host)) > TimeProvider.System.GetUtcNow().ToUnixTimeSeconds());
            Assert.True(metrics.Sum("imgw_acme_requests_total", ("operation", "finalize"), ("problem", "none")) == 1, metrics.Of("imgw_acme_requests_total"));
            Assert.Equal(0, await edge.StopAsync(AtOnce));
            Assert.Equal(["accountRegistered", "renewed"], AuditLines.In(_directory["data"]).Select(line => line.Action));
        }

        await using var again = await EdgeProcess.StartListeningAsync(setup);
        await again.WaitUntilReadyAsync(AtOnce);
        Assert.Equal(serial, await new EdgeClient(again.Https, root).ServedSerialAsync(client));
    }

    [Theory]
    [InlineData(Host, false)]
    [InlineData(Host, true)]
    [InlineData("127.0.0.1", false)]
    public async Task A_balancer_that_sends_http_01_to_https_does_not_keep_a_host_from_its_first_certificate(string host, bool debian)
    {
        await using var pebble = await Pebble.StartAsync(new PebbleOptions { Debian = debian });
        await using var balancer = RecordingUpstream.Start(
            (connection, head) => connection.SendAsync(
                $"HTTP/1.1 301 Moved Permanently\r\nLocation: https://{host}:{pebble.TlsPort}{head.Split(' ')[1]}\r\nContent-Length: 0\r\n\r\n"),
            pebble.HttpPort);
        await using var edge = await EdgeProcess.StartListeningAsync(
            Setup(pebble, host, ("Acme:Challenges", new JsonArray("http-01")), ("Listen:Http", new JsonArray("127.0.0.1:0"))));

        await edge.WaitUntilReadyAsync(Promise);

        Assert.Contains(balancer.Requests, head => head.StartsWith("GET /.well-known/acme-challenge/", StringComparison.Ordinal));
        var root = X509Certificate2.CreateFromPem(await pebble.IssuingRootPemAsync());
        Assert.NotEmpty(await new EdgeClient(edge.Https, root).ServedSerialAsync(host));
    }

    [Fact]
    public async Task Before_it_443_refuses_and_readiness_names_the_host()
    {
        await using var ca = await ScriptableCa.StartAsync();
        ca.IsDown = true;
        await using var edge = await EdgeProcess.StartListeningAsync(new EdgeSetup { Hosts = [Host, "other.test"], Ca = EdgeCa.Of(ca) });

        using var answer = await edge.GetManagementAsync("/readyz");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        var reasons = await answer.Content.ReadAsStringAsync();
        Assert.Contains($"no certificate for {Host}", reasons, StringComparison.Ordinal);
        Assert.Contains("no certificate for other.test", reasons, StringComparison.Ordinal);
        var e = await Assert.ThrowsAnyAsync<Exception>(() => new EdgeClient(edge.Https, ca.IssuingRoot).ServedSerialAsync(Host));
        Assert.True(e is AuthenticationException or IOException, $"{e}");
        var line = await edge.WaitForLogAsync(l => l.Message.Contains($"{Host}: no certificate: ", StringComparison.Ordinal), AtOnce);
        line.AssertSays("directory at 127.0.0.1: the CA cannot be reached");
        line.AssertSays("Its TLS connections are refused until there is one; next attempt");
    }

    [Fact]
    public async Task A_customer_of_the_CA_is_registered_with_its_key_and_a_wrong_key_is_one_line()
    {
        const string key = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W";
        await using var pebble = await Pebble.StartAsync(new PebbleOptions { Debian = true, ExternalAccounts = new Dictionary<string, string> { ["kid-1"] = key } });
        await File.WriteAllTextAsync(_directory["right"], key + "\n");
        await File.WriteAllTextAsync(_directory["wrong"], new string('A', 64));
        await using (var refused = await EdgeProcess.StartListeningAsync(Customer("wrong")))
        {
            var line = await refused.WaitForLogAsync(l => l.Message.Contains("no certificate: ", StringComparison.Ordinal), Promise);
            line.AssertSays("newAccount at 127.0.0.1: ");
            line.AssertSays("check Edge:Acme:ExternalAccount (KeyId and HmacKeyFile) and Email");
        }

        Directory.Delete(_directory["data"], recursive: true);
        await using var edge = await EdgeProcess.StartListeningAsync(Customer("right"));
        await edge.WaitUntilReadyAsync(Promise);

        EdgeSetup Customer(string file) => Setup(pebble, Host, ("Acme:ExternalAccount:KeyId", "kid-1"), ("Acme:ExternalAccount:HmacKeyFile", _directory[file]));
    }

    [Fact]
    public async Task A_profile_is_asked_for_and_an_unknown_one_is_one_line_with_those_that_there_are()
    {
        await using var pebble = await Pebble.StartAsync(new PebbleOptions
        {
            Profiles = new Dictionary<string, TimeSpan> { ["classic"] = TimeSpan.FromDays(90), ["shortlived"] = TimeSpan.FromDays(6) },
        });
        await using (var refused = await EdgeProcess.StartListeningAsync(Setup(pebble, Host, ("Acme:Profile", "long"))))
        {
            var line = await refused.WaitForLogAsync(l => l.Message.Contains("no certificate: ", StringComparison.Ordinal), Promise);
            line.AssertSays("Edge:Acme:Profile: 127.0.0.1 has no profile 'long'; it offers: classic, shortlived");
        }

        Directory.Delete(_directory["data"], recursive: true);
        await using var edge = await EdgeProcess.StartListeningAsync(Setup(pebble, Host, ("Acme:Profile", "shortlived")));
        await edge.WaitUntilReadyAsync(Promise);

        var metrics = await edge.WaitForMetricsAsync(it => it.Sum("imgw_certificate_renewals_total", ("result", "success")) == 1, AtOnce);
        var left = DateTimeOffset.FromUnixTimeSeconds((long)metrics.Sum("ssl_certificate_expiry_seconds")) - TimeProvider.System.GetUtcNow();
        Assert.InRange(left, TimeSpan.FromDays(5.9), TimeSpan.FromDays(6.1));
        await edge.StopAsync(AtOnce);
        Assert.Equal("shortlived", AuditLines.In(_directory["data"]).Single(line => line.Action == "renewed").Profile);
    }

    EdgeSetup Setup(Pebble pebble, string host, params (string Key, JsonNode? Value)[] settings) => new()
    {
        Hosts = [host],
        Ca = EdgeCa.Of(pebble),
        Settings = settings.Append(("DataDirectory", _directory["data"])).ToDictionary(setting => setting.Item1, setting => setting.Item2),
    };

    /// <summary>Sets the records in the DNS server that pebble asks.</summary>
    static Task<Hook> HookOfAsync(Pebble pebble) => Hook.CreateAsync(
        $$"""
        case $1 in
          present) curl -sf -d '{"host":"'"$2"'.","value":"'"$3"'"}' {{pebble.Dns.Management}}set-txt ;;
          cleanup) curl -sf -d '{"host":"'"$2"'."}' {{pebble.Dns.Management}}clear-txt ;;
        esac
        """);
}
