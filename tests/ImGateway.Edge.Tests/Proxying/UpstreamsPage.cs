using System.Text;
using System.Text.RegularExpressions;
using ImGateway.Testing;
using Microsoft.Extensions.Configuration;

namespace ImGateway.Edge.Tests.Proxying;

/// <summary>The examples of docs/upstreams.md, as its readers would paste them.</summary>
static partial class UpstreamsPage
{
    public static IReadOnlyList<string> Examples { get; } = [.. Block().Matches(File.ReadAllText(Page())).Select(match => match.Groups["json"].Value)];

    /// <summary>The one example that mentions <paramref name="word"/>.</summary>
    public static string Example(string word) => Assert.Single(Examples, example => example.Contains($"\"{word}\"", StringComparison.Ordinal));

    /// <summary>The settings of the one example that mentions <paramref name="word"/>, with <paramref name="changes"/>.</summary>
    public static Dictionary<string, string?> With(string word, params (string Key, string Value)[] changes)
    {
        var settings = new ConfigurationBuilder().AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes(Example(word)))).Build()
            .AsEnumerable().Where(setting => setting.Value is not null).ToDictionary(setting => setting.Key, setting => setting.Value);
        foreach (var (key, value) in changes)
        {
            Assert.True(settings.ContainsKey(key), $"the example has no {key}");
            settings[key] = value;
        }

        return settings;
    }

    static string Page() => Repository.PathOf("docs", "upstreams.md");

    [GeneratedRegex("""^```json\n(?<json>.*?)^```""", RegexOptions.Multiline | RegexOptions.Singleline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Block();
}
