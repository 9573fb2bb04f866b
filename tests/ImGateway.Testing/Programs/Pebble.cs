using System.Net.Http.Json;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ImGateway.Testing;

/// <summary>Let's Encrypt's test CA, with a name server of its own, on free ports of the loopback interface, until disposed of.</summary>
public sealed class Pebble : IAsyncDisposable
{
    readonly TestCa _ca;
    readonly TemporaryDirectory _files;
    readonly HttpClient _management;
    readonly ExternalProcess _process;

    Pebble(TestCa ca, TemporaryDirectory files, HttpClient management, ExternalProcess process, PebbleDns dns, PebblePorts ports)
    {
        (_ca, _files, _management, _process, Dns, Directory) = (ca, files, management, process, dns, ports.Directory);
        (HttpPort, TlsPort) = (ports.Http, ports.Tls);
    }

    public Uri Directory { get; }

    /// <summary>Where http-01 connects to.</summary>
    public int HttpPort { get; }

    /// <summary>Where tls-alpn-01 connects to.</summary>
    public int TlsPort { get; }

    public PebbleDns Dns { get; }

    /// <summary>Of its own HTTPS; what it issues has another.</summary>
    public string HttpsRootPem => _ca.Pem;

    public X509Certificate2Collection HttpsRoots => [_ca.Certificate];

    public LogBook Log => _process.Log;

    public static async Task<Pebble> StartAsync(PebbleOptions? options = null)
    {
        options ??= new PebbleOptions();
        var ca = TestCa.Create("Pebble's HTTPS");
        var files = new TemporaryDirectory();
        var management = CreateClient(ca);
        PebbleDns? dns = null;
        try
        {
            var managementPort = FreePort.Next();
            var ports = new PebblePorts(FreePort.Next(), options.HttpPort ?? FreePort.Next(), options.TlsPort ?? FreePort.Next());
            management.BaseAddress = new Uri($"https://127.0.0.1:{managementPort}");
            dns = await PebbleDns.StartAsync(options.Debian);
            string[] arguments = ["-config", WriteConfiguration(options, ca, files, ports, managementPort), "-dnsserver", dns.Address];
            var process = await ExternalProcess.StartAsync(
                Program("PEBBLE", "pebble", options.Debian), arguments, Environment(options),
                async () => await AnswersAsync(management, "/roots/0") && await AnswersAsync(management, ports.Directory.AbsoluteUri));
            return new Pebble(ca, files, management, process, dns, ports);
        }
        catch
        {
            if (dns is not null) await dns.DisposeAsync();
            management.Dispose();
            files.Dispose();
            ca.Dispose();
            throw;
        }
    }

    /// <summary>Of what it issues. A new one at every start.</summary>
    /// <param name="index">Above 0: of an alternate chain.</param>
    public Task<string> IssuingRootPemAsync(int index = 0) => _management.GetStringAsync($"/roots/{index}");

    /// <summary>Answers ARI questions about a certificate from now on with this window (2.10).</summary>
    /// <param name="leafPem">The certificate; of a chain the first is taken.</param>
    /// <param name="start">Of the window.</param>
    /// <param name="end">Of the window.</param>
    /// <param name="explanation">Default none.</param>
    public Task SetRenewalInfoAsync(string leafPem, DateTimeOffset start, DateTimeOffset end, string? explanation = null) =>
        SetRenewalInfoAsync(leafPem, JsonSerializer.Serialize(new { suggestedWindow = new { start, end }, explanationURL = explanation ?? "" }));

    /// <summary>Answers ARI questions about a certificate from now on with this text, whatever it is.</summary>
    public async Task SetRenewalInfoAsync(string leafPem, string answer)
    {
        using var leaf = X509Certificate2.CreateFromPem(leafPem);
        using var response = await _management.PostAsJsonAsync(
            "/set-renewal-info/", new { certificate = leaf.ExportCertificatePem(), ariResponse = answer });
        if (!response.IsSuccessStatusCode) throw new InvalidOperationException($"pebble: {await response.Content.ReadAsStringAsync()}\n{Log}");
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        await Dns.DisposeAsync();
        _management.Dispose();
        _files.Dispose();
        _ca.Dispose();
    }

    internal static string Program(string variable, string name, bool debian) =>
        (debian ? null : System.Environment.GetEnvironmentVariable(variable)) ?? $"/usr/bin/{name}";

    internal static async Task<bool> AnswersAsync(HttpClient http, string path)
    {
        try
        {
            using var answer = await http.GetAsync(path);
            return true;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    static HttpClient CreateClient(TestCa ca)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(ca.Certificate);
        var handler = new SocketsHttpHandler { UseProxy = false };
        handler.SslOptions.CertificateChainPolicy = policy;
        var http = new HttpClient(handler) { Timeout = TimeSpan.FromSeconds(20) };

        // Without one it refuses, even to managers.
        http.DefaultRequestHeaders.UserAgent.ParseAdd("tests");
        return http;
    }

    static string WriteConfiguration(PebbleOptions options, TestCa ca, TemporaryDirectory files, PebblePorts ports, int managementPort)
    {
        using var https = ca.Issue("127.0.0.1", "localhost");
        var certificate = https.WriteTo(files.Path);
        var profiles = options.Profiles.Select(profile => KeyValuePair.Create<string, JsonNode?>(
            profile.Key, new JsonObject { ["description"] = $"The profile {profile.Key}", ["validityPeriod"] = (long)profile.Value.TotalSeconds }));
        var configuration = new JsonObject
        {
            ["listenAddress"] = $"127.0.0.1:{ports.Acme}",
            ["managementListenAddress"] = $"127.0.0.1:{managementPort}",
            ["certificate"] = certificate.Certificate,
            ["privateKey"] = certificate.Key,
            ["httpPort"] = ports.Http,
            ["tlsPort"] = ports.Tls,
            ["ocspResponderURL"] = "",
            ["externalAccountBindingRequired"] = options.ExternalAccounts.Count > 0,
            ["externalAccountMACKeys"] = JsonSerializer.SerializeToNode(options.ExternalAccounts),
            ["keyAlgorithm"] = "ecdsa",
            ["retryAfter"] = new JsonObject { ["authz"] = 1, ["order"] = 1 },
            ["domainBlocklist"] = JsonSerializer.SerializeToNode(options.BlockedDomains),
            ["profiles"] = new JsonObject(profiles),
        };
        File.WriteAllText(files["pebble.json"], new JsonObject { ["pebble"] = configuration }.ToJsonString());
        return files["pebble.json"];
    }

    static Dictionary<string, string> Environment(PebbleOptions options) => new()
    {
        ["PEBBLE_WFE_NONCEREJECT"] = $"{options.NonceRejectPercent}",
        ["PEBBLE_AUTHZREUSE"] = $"{options.AuthorizationReusePercent}",
        ["PEBBLE_VA_NOSLEEP"] = options.ValidationSleep == TimeSpan.Zero ? "1" : "0",
        ["PEBBLE_VA_SLEEPTIME"] = $"{(int)options.ValidationSleep.TotalSeconds}",
        ["PEBBLE_VA_ALWAYS_VALID"] = options.AlwaysValid ? "1" : "0",
        ["PEBBLE_ALTERNATE_ROOTS"] = $"{options.AlternateRoots}",
    };

    sealed record PebblePorts(int Acme, int Http, int Tls)
    {
        public Uri Directory => new($"https://127.0.0.1:{Acme}/dir");
    }
}
