using System.Text.Json;
using System.Text.Json.Nodes;
using ImGateway.Edge.Configuration;

namespace ImGateway.Testing;

/// <summary>What an <see cref="EdgeProcess"/> is started with. Ports are the system's choice.</summary>
public sealed record EdgeSetup
{
    public IReadOnlyList<string> Hosts { get; init; } = ["gateway.test", "localhost", "127.0.0.1"];

    public Uri Upstream { get; init; } = new("http://127.0.0.1:9");

    public TestedEngine Engine { get; init; } = TestedEngines.Default;

    /// <summary>Where its certificates come from, with the ports at which it is to answer challenges.</summary>
    public EdgeCa? Ca { get; init; }

    /// <summary>Empty, and no CA = source SelfSigned.</summary>
    public IReadOnlyList<CertificateFile> Files { get; init; } = [];

    /// <summary>More keys under <c>Edge</c>, as <c>Tls:Policy</c>.</summary>
    public IReadOnlyDictionary<string, JsonNode?> Settings { get; init; } = new Dictionary<string, JsonNode?>();

    /// <summary>An appsettings.json as its readers have it, with hosts and source of its own; what a test must have is put over it. Null = none.</summary>
    public string? Json { get; init; }

    /// <summary>Environment variables over those of the tests, as <c>SSL_CERT_FILE</c>.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>A copy of the published program; null = the one under test.</summary>
    public string? Program { get; init; }

    /// <summary>The user id that it runs as, which only root can choose; null = the user who runs the tests.</summary>
    public int? User { get; init; }

    /// <summary>The network namespace in which it runs; null = that of the tests.</summary>
    public NetworkNamespace? Namespace { get; init; }

    /// <summary>How many file descriptors it may have: its hard limit, with a soft one of half of it. Null = as many as the tests.</summary>
    public int? Descriptors { get; init; }

    /// <summary>A limit under <c>/proc/sys/user</c> that is set to 0, for example <c>max_inotify_watches</c>. Null = all limits of the machine.</summary>
    public string? ZeroLimit { get; init; }

    /// <summary>SIGHUP is ignored when it starts, as under nohup.</summary>
    public bool HangupIgnored { get; init; }

    /// <summary>Writes appsettings.json into <paramref name="directory"/>, with the data directory beside it.</summary>
    public string WriteTo(string directory)
    {
        var root = Json is null ? new JsonObject() : JsonNode.Parse(Json)!.AsObject();
        var edge = (JsonObject)(root["Edge"] ??= new JsonObject());
        if (Json is null) Set(edge, "Hosts", Array(Hosts));
        Set(edge, "Upstreams", Array([Upstream.GetLeftPart(UriPartial.Authority)]));
        Set(edge, "DataDirectory", Path.Combine(directory, "data"));
        Set(edge, "Listen:Https", Array(["127.0.0.1:0"]));
        Set(edge, "Listen:Http", Array(["127.0.0.1:0"]));
        Set(edge, "Listen:Management", Array(["127.0.0.1:0"]));
        if (Engine is not TestedEngine.BouncyCastle) Set(edge, "Tls:Engine", Engine.OfProduct().ToString());
        if (Json is null) Set(edge, "Certificates:Source", Ca is not null ? "Acme" : Files.Count == 0 ? "SelfSigned" : "Files");
        Ca?.WriteTo(edge, directory);
        if (Json is null && Ca is null && Files.Count == 0) Set(edge, "Certificates:AllowSelfSigned", true);
        if (Files.Count > 0) Set(edge, "Certificates:Files", new JsonArray([.. Files.Select(f => Named(f))]));
        // So that tests which are not about the drain end at once.
        Set(edge, "Drain:Delay", "00:00:00");
        Set(edge, "Drain:Spread", "00:00:00");
        foreach (var (key, value) in Settings) Set(edge, key, value?.DeepClone());

        var file = Path.Combine(directory, "appsettings.json");
        File.WriteAllText(file, root.ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
        return file;
    }

    static JsonObject Named(CertificateFile file)
    {
        var named = new JsonObject { ["Certificate"] = file.Certificate, ["Key"] = file.Key };
        if (file.Chain is not null) named["Chain"] = file.Chain;
        return named;
    }

    internal static JsonArray Array(IEnumerable<string> items) => [.. items.Select(item => (JsonNode?)item)];

    internal static void Set(JsonObject section, string key, JsonNode? value)
    {
        var parts = key.Split(':');
        foreach (var part in parts[..^1]) section = (JsonObject)(section[part] ??= new JsonObject());
        section[parts[^1]] = value;
    }
}
