using System.Text;
using System.Text.Json.Nodes;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Configuration.Reading;
using Microsoft.Extensions.Configuration;

namespace ImGateway.Edge.Tests.Configuration;

/// <summary>Configurations for tests: a valid one, and that one with changes.</summary>
static class Settings
{
    public const string Valid =
        """
        {"Edge":{
          "Hosts":["im.example.com"],
          "Upstreams":["http://gateway:8080"],
          "Certificates":{"Source":"Files","Files":[{"Certificate":"im.pem","Key":"im.key"}]}
        }}
        """;

    /// <summary>The valid one with <paramref name="changes"/> (the content of section Edge): objects are merged, anything else replaces.</summary>
    public static ConfigurationResult With(string changes) => WithRoot($$"""{"Edge":{{changes}}}""");

    public static ConfigurationResult WithRoot(string changes) => Read(Merged(Valid, changes));

    public static string Merged(string json, params string[] changes) =>
        changes.Aggregate(JsonNode.Parse(json)!, (merged, change) => Merge(merged, JsonNode.Parse(change)!)).ToJsonString();

    public static ConfigurationResult Read(string json, params (string Key, string? Value)[] above) => EdgeConfiguration.Read(
        new ConfigurationBuilder()
            .AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes(json)))
            .AddInMemoryCollection(above.ToDictionary(pair => pair.Key, pair => pair.Value))
            .Build());

    public static EdgeOptions Options(this ConfigurationResult result)
    {
        Assert.Empty(result.Lines());
        return result.Options!;
    }

    public static string[] Lines(this ConfigurationResult result) => [.. result.Problems.Select(problem => problem.ToString())];

    /// <summary>The only problem: its key, and words that its line must have.</summary>
    public static void HasOnly(this ConfigurationResult result, string key, params string[] words)
    {
        var line = Assert.Single(result.Lines());
        Assert.StartsWith($"{key}: ", line, StringComparison.Ordinal);
        Assert.All(words, word => Assert.Contains(word, line, StringComparison.Ordinal));
    }

    static JsonNode Merge(JsonNode into, JsonNode changes)
    {
        foreach (var (name, change) in changes.AsObject())
        {
            into[name] = change is JsonObject && into[name] is JsonObject below ? Merge(below, change).DeepClone() : change?.DeepClone();
        }

        return into;
    }
}
