using System.Text;
using System.Text.Json.Nodes;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Configuration.Reading;
using ImGateway.Edge.Tests.Configuration;

namespace ImGateway.Edge.Tests.Docs;

/// <summary>The part of docs/configuration.md that is made from the code, between two marks; what stands around it is written by hand.</summary>
static class ConfigurationPage
{
    public const string Path = "docs/configuration.md";

    const string Begin = "<!-- Made from src/ImGateway.Edge/Configuration/EdgeOptions.cs by ConfigurationPageTests: do not edit. -->\n";
    const string End = "<!-- End of what is made. -->\n";

    /// <summary>What an example needs beside it to be a whole configuration.</summary>
    static readonly Dictionary<string, string> Companions = new(StringComparer.Ordinal)
    {
        ["Edge:Acme:DnsHook"] = """{"Edge":{"Acme":{"Challenges":["dns-01"]}}}""",
        ["Edge:Listen:ProxyProtocol"] = """{"Edge":{"TrustedProxies":["10.0.0.0/28"]}}""",
    };

    static readonly string Base = Settings.Merged(Settings.Valid, """{"Edge":{"Hosts":["im.example.com","gateway.example.com"]}}""");

    static readonly HashSet<string> Required = [.. Settings.Read("{}").Problems.Where(problem => problem.PreventsStart).Select(problem => problem.Key)];

    public static string Made() => Begin + "\n" + string.Concat(Sections()) + End;

    /// <summary>The page with its made part replaced.</summary>
    public static string With(string made)
    {
        var page = Documents.Read(Path);
        var (begin, end) = (page.IndexOf(Begin, StringComparison.Ordinal), page.IndexOf(End, StringComparison.Ordinal));
        if (begin < 0 || end < begin) throw new InvalidOperationException($"{Path} lacks the lines '{Begin.Trim()}' and '{End.Trim()}'");
        return page[..begin] + made + page[(end + End.Length)..];
    }

    /// <summary>A whole configuration with the example of <paramref name="option"/>, and what stands beside it without.</summary>
    public static (ConfigurationResult With, ConfigurationResult Without) Read(OptionDoc option)
    {
        var without = Settings.Merged(Base, Companions.GetValueOrDefault(option.Key, "{}"));
        return (Settings.Read(Settings.Merged(without, Written(option))), Settings.Read(without));
    }

    /// <summary>The same by environment variables.</summary>
    public static ConfigurationResult ReadVariables(OptionDoc option) => Settings.Read(
        Settings.Merged(Base, Companions.GetValueOrDefault(option.Key, "{}")),
        [.. Variables(option).Select(line => line.Split('=', 2)).Select(pair => (pair[0].Replace("__", ":", StringComparison.Ordinal), (string?)pair[1]))]);

    static IEnumerable<string> Sections()
    {
        foreach (var section in OptionDocs.All.GroupBy(option => option.Section))
        {
            yield return $"## {section.Key}\n\n";
            foreach (var option in section) yield return Entry(option);
        }
    }

    static string Entry(OptionDoc option)
    {
        var entry = new StringBuilder($"### {option.Key}\n\n{option.Meaning}\n\n");
        var value = option.Default is { } known && !Required.Contains(option.Key) ? $"default `{known}`" : Required.Contains(option.Key) ? "required" : "default: none";
        entry.Append($"- {OptionDocs.TypeName(option.Type)}; {value}{Reload(option)}\n");
        if (option.Example is null) return entry.Append('\n').ToString();
        entry.Append($"- `\"{option.Name}\": {option.Example}`\n");
        var variables = Variables(option).ToList();
        return entry.Append($"- {string.Join(", ", variables.Select(variable => $"`{variable}`"))}\n\n").ToString();
    }

    static string Reload(OptionDoc option)
    {
        if (option.Example is null) return "";
        var (with, without) = Read(option);
        var waits = RestartSettings.Warnings(without.Draft, with.Draft).Any(line => line.StartsWith(option.Key + ":", StringComparison.Ordinal));
        return waits ? "; **takes effect at the next start**" : "; taken in by a reload";
    }

    /// <summary>The example where it belongs in a file.</summary>
    static string Written(OptionDoc option)
    {
        var json = JsonNode.Parse(option.Example!);
        foreach (var name in option.Key.Split(':').Reverse())
        {
            if (name == "N")
            {
                // An item of a list is not merged: what every item needs goes with it.
                var item = json!.AsObject();
                if (!item.ContainsKey("Certificate")) item["Certificate"] = "im.pem";
                json = new JsonArray(json);
            }
            else
            {
                json = new JsonObject { [name] = json };
            }
        }

        return json!.ToJsonString();
    }

    static IEnumerable<string> Variables(OptionDoc option) =>
        Variables(option.Indexed.Replace(":", "__", StringComparison.Ordinal), JsonNode.Parse(option.Example!));

    static IEnumerable<string> Variables(string name, JsonNode? value) => value switch
    {
        JsonArray { Count: 0 } => [$"{name}="],
        JsonArray items => items.SelectMany((item, i) => Variables($"{name}__{i}", item)),
        JsonObject members => members.SelectMany(member => Variables($"{name}__{member.Key}", member.Value)),
        _ => [$"{name}={value}"],
    };
}
