using System.Text;
using ImGateway.Edge.Configuration.Reading;
using Microsoft.Extensions.Configuration;

namespace ImGateway.Edge.Tests.Configuration;

public sealed class IndexedJsonSourceTests
{
    const string Json = """
        {
          "Edge": {
            "Hosts": ["a.test", "b.test", "c.test", "d.test", "e.test", "f.test", "g.test", "h.test", "i.test", "j.test", "k.test"],
            "Certificates": { "Files": [{ "Certificate": "a.crt", "Key": "a.key" }, { "Certificate": "b.crt", "Key": null }], "Source": "Files" },
            "Empty": [], "Nothing": {}, "Texts": { "x.y": "1", "x": { "y": "2" } }, "Limits": { "Connections": 10 }
          },
          "Serilog": { "MinimumLevel": "Warning" }, "edgeless": 1
        }
        """;

    [Fact]
    public void Sections_keys_and_values_are_those_of_the_provider_of_dotnet()
    {
        KeyValuePair<string, string?>[] overrides = [new("Edge:Limits:Connections", "11"), new("Edge:Hosts:11", "l.test"), new("Other", "2")];
        var expected = new ConfigurationBuilder().AddJsonStream(Stream()).AddInMemoryCollection(overrides).Build();

        var actual = new ConfigurationBuilder().Add(new IndexedJsonSource { Stream = Stream() }).AddInMemoryCollection(overrides).Build();

        Assert.Equal(expected.AsEnumerable(), actual.AsEnumerable());
        Assert.Equal(expected.GetSection("Edge:Hosts").GetChildren().Select(host => host.Value), actual.GetSection("EDGE:hosts").GetChildren().Select(host => host.Value));
    }

    /// <summary>.NET's provider returns a key for each value below it, by a search of all values.</summary>
    [Fact]
    public void Each_child_is_found_once_however_much_is_below_it()
    {
        var provider = new IndexedJsonSource { Stream = Stream() }.Build(new ConfigurationBuilder());
        provider.Load();

        Assert.Equal(["Certificates", "Empty", "Hosts", "Limits", "Nothing", "Texts"], provider.GetChildKeys([], "Edge"));
        Assert.Equal(["Edge", "Serilog", "edgeless"], provider.GetChildKeys([], null).Order(StringComparer.Ordinal));
    }

    static MemoryStream Stream() => new(Encoding.UTF8.GetBytes(Json));
}
