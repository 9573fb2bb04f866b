using System.Collections;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using ImGateway.Edge.Operations.Status;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Operations.StatusPage;

/// <summary>docs/api.md names every field that there is, and no other.</summary>
public sealed partial class ApiPageTests
{
    [Theory]
    [InlineData("/api/status", typeof(StatusResponse))]
    [InlineData("/api/certificates", typeof(CertificateStatus))]
    [InlineData("/readyz", typeof(ReadyStatus))]
    public void Every_field_is_documented_and_every_documented_one_exists(string path, Type type)
    {
        // What has a section of its own is not described twice.
        string[] elsewhere = path switch { "/api/status" => ["certificates"], "/readyz" => ["upstreams"], _ => [] };
        var all = FieldsOf(type).Where(field => !elsewhere.Any(other => field.StartsWith(other + "[]", StringComparison.Ordinal))).ToHashSet();
        var documented = Documented(path);

        Assert.Subset(documented, all.Where(field => !IsDescribed(field)).ToHashSet());
        Assert.Subset(all, documented);

        // An object or a list of them is described by its members.
        bool IsDescribed(string field) => documented.Any(longer => longer.StartsWith(field + ".", StringComparison.Ordinal) || longer.StartsWith(field + "[]", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_a_running_edge_answers_is_documented()
    {
        await using var upstream = await EchoUpstream.StartAsync();
        await using var edge = await EdgeProcess.StartAsync(new EdgeSetup { Upstream = upstream.Address, Hosts = ["gateway.test"] });
        using var root = edge.DevelopmentRoot();
        using var socket = await new EdgeClient(edge.Https, root).OpenWebSocketAsync("gateway.test");
        HashSet<string> sent = [];

        foreach (var path in (string[])["/api/status", "/api/certificates", "/readyz"])
        {
            using var answer = await edge.GetManagementAsync(path);
            using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
            var fields = FieldsOf(json.RootElement, "").ToHashSet();
            var documented = Documented(path);
            string[] others = path == "/api/status" ? [.. Documented("/api/certificates").Select(field => $"certificates[].{field}")]
                : path == "/readyz" ? [.. Documented("/api/status").Where(field => field.StartsWith("upstreams", StringComparison.Ordinal))] : [];
            Assert.Empty(fields.Except(documented).Except(others));
            sent.UnionWith(fields);
        }

        // As far as they are to be had of an edge that is well.
        Assert.Superset(new HashSet<string> { "version", "handshakes.ciphers[].name", "history.webSockets", "upstreams[].underWay", "certificates[].next.failures", "audit[].who", "notAfter", "ready" }, sent);
    }

    static HashSet<string> Documented(string path)
    {
        var page = File.ReadAllText(PagePath());
        var section = Array.Find(page.Split("\n## "), part => part.StartsWith($"`{path}`\n", StringComparison.Ordinal));
        Assert.NotNull(section);
        return section.Split('\n').Where(line => line.StartsWith("| `", StringComparison.Ordinal))
            .SelectMany(line => Code().Matches(line.Split('|')[1]).Select(code => code.Groups["name"].Value)).ToHashSet();
    }

    static IEnumerable<string> FieldsOf(Type type, string prefix = "")
    {
        foreach (var property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            var name = prefix + (property.GetCustomAttribute<JsonPropertyNameAttribute>()?.Name ?? JsonNamingPolicy.CamelCase.ConvertName(property.Name));
            var inner = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
            var item = inner != typeof(string) && typeof(IEnumerable).IsAssignableFrom(inner) ? inner.GetGenericArguments()[0] : null;
            yield return name;
            if ((item ?? inner).Namespace!.StartsWith("ImGateway", StringComparison.Ordinal))
            {
                foreach (var field in FieldsOf(item ?? inner, item is null ? $"{name}." : $"{name}[].")) yield return field;
            }
        }
    }

    /// <summary>Those that hold a value: objects and lists of objects are described by their members.</summary>
    static IEnumerable<string> FieldsOf(JsonElement element, string name) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(field => FieldsOf(field.Value, name.Length == 0 ? field.Name : $"{name}.{field.Name}")),
        JsonValueKind.Array when element.EnumerateArray().Any(item => item.ValueKind == JsonValueKind.Object) =>
            element.EnumerateArray().SelectMany(item => FieldsOf(item, name.Length == 0 ? "" : $"{name}[]")),
        JsonValueKind.Array when element.GetArrayLength() == 0 => [],
        _ => [name],
    };

    static string PagePath() => Repository.PathOf("docs", "api.md");

    [GeneratedRegex("`(?<name>[^`]+)`", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Code();
}
