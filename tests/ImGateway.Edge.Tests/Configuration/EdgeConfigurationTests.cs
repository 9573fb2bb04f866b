using ImGateway.Edge.Configuration;
using ImGateway.Edge.Configuration.Reading;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Configuration;

public sealed class EdgeConfigurationTests : IDisposable
{
    readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void The_given_file_is_read_and_overrides_win()
    {
        var file = Write(".hidden.json", Settings.Valid);

        var options = EdgeConfiguration.Read(EdgeConfiguration.Load(file, new Dictionary<string, string?> { ["Edge:Hosts:0"] = "other.example.com" })).Options();

        Assert.Equal("other.example.com", Assert.Single(options.Hosts).Value);
        Assert.Equal("im.pem", options.Certificates.Files[0].Certificate);
    }

    [Fact]
    public void Comments_and_trailing_commas_are_welcome() =>
        EdgeConfiguration.Read(EdgeConfiguration.Load(Write("a.json", "// the edge\n" + Settings.Valid.Replace("\"im.key\"}]}", "\"im.key\"},]},", StringComparison.Ordinal)))).Options();

    [Theory]
    [InlineData("{\n \"Edge\": {\n  \"Hosts\": [\"a\" \"b\"]\n }\n}", "line 3: ")]
    [InlineData("", "line 1: ")]
    [InlineData("{", "line 1: ")]
    [InlineData("[]", "must be an object")]
    [InlineData("5", "must be an object")]
    [InlineData("{\"Edge\":{\"Hosts\":[\"a\"],\"hosts\":[\"b\"]}}", "duplicate key 'Edge:hosts:0'")]
    [InlineData("\u0000\u0001", "line 1: ")]
    public void A_file_that_is_not_JSON_is_one_line_with_its_name_and_place(string text, string words)
    {
        var file = Write("appsettings.json", text);

        var mistake = Assert.Throws<UserError>(() => EdgeConfiguration.Load(file));

        Assert.StartsWith($"{file}: ", mistake.Message, StringComparison.Ordinal);
        Assert.Contains(words, mistake.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', mistake.Message);
    }

    [Fact]
    public void Deep_nesting_is_a_mistake_and_no_crash() =>
        Assert.Throws<UserError>(() => EdgeConfiguration.Load(Write("deep.json", string.Concat(Enumerable.Repeat("{\"a\":", 100_000)))));

    [Fact]
    public void A_missing_file_is_one_line()
    {
        var file = Path.Combine(_directory.Path, "none", "appsettings.json");

        Assert.StartsWith($"{file}: no such file", Assert.Throws<UserError>(() => EdgeConfiguration.Load(file)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_directory_is_no_file() =>
        Assert.Contains("is a directory", Assert.Throws<UserError>(() => EdgeConfiguration.Load(_directory.Path)).Message, StringComparison.Ordinal);

    string Write(string name, string text)
    {
        var path = Path.Combine(_directory.Path, name);
        File.WriteAllText(path, text);
        return path;
    }
}
