using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Tests.Configuration;

public sealed class UnknownKeyTests
{
    [Theory]
    [InlineData("""{"AcessLog":true}""", "Edge:AcessLog", "Edge:AccessLog")]
    [InlineData("""{"ruotes":["/ws"]}""", "Edge:ruotes", "Edge:Routes")]
    [InlineData("""{"Tls":{"Polcy":"Modern"}}""", "Edge:Tls:Polcy", "Edge:Tls:Policy")]
    [InlineData("""{"HandshakeTimeout":"00:00:05"}""", "Edge:HandshakeTimeout", "Edge:Tls:HandshakeTimeout")]
    [InlineData("""{"Certificates":{"Files":[{"Certificate":"a","Kye":"b"}]}}""", "Edge:Certificates:Files:0:Kye", "Edge:Certificates:Files:0:Key")]
    [InlineData("""{"Limits":{"HandshakesInProgres":5}}""", "Edge:Limits:HandshakesInProgres", "Edge:Limits:HandshakesInProgress")]
    [InlineData("""{"Acme":{"Emial":"a"}}""", "Edge:Acme:Emial", "Edge:Acme:Email")]
    [InlineData("""{"Acme":{"ExternalAccount":{"KeyID2":"a"}}}""", "Edge:Acme:ExternalAccount:KeyID2", "Edge:Acme:ExternalAccount:KeyId")]
    [InlineData("""{"Certificates":{"ReuseKeys":true}}""", "Edge:Certificates:ReuseKeys", "Edge:Certificates:ReuseKey")]
    public void An_unknown_key_is_named_with_the_nearest_known_one(string changes, string key, string nearest)
    {
        var result = Settings.With(changes);

        result.HasOnly(key, "unknown key", $"did you mean {nearest}?");
        Assert.Equal(ProblemKind.Unknown, result.Problems[0].Kind);
        Assert.NotNull(result.Options);
    }

    [Fact]
    public void Where_none_is_near_the_known_ones_are_listed() =>
        Settings.With("""{"PlainHttp":{"Whatever":1}}""").HasOnly("Edge:PlainHttp:Whatever", "known here are Mode, HttpsPort");

    [Fact]
    public void A_misspelled_required_key_is_one_problem_and_prevents_the_start()
    {
        var result = Settings.WithRoot("""{"Edge":{"Hosts":null,"Hots":["im.example.com"]}}""");

        result.HasOnly("Edge:Hots", "unknown key; did you mean Edge:Hosts?");
        Assert.Null(result.Options);
    }

    [Theory]
    [InlineData("""{"Hosts":["im.example.com"]}""", "Hosts", "Edge:Hosts")]
    [InlineData("""{"upstreams":["http://gateway:8080"]}""", "upstreams", "Edge:Upstreams")]
    [InlineData("""{"Acme":{"Email":"a@example.com"}}""", "Acme", "Edge:Acme")]
    [InlineData("""{"HoldWhileDown":"00:00:05"}""", "HoldWhileDown", "Edge:HoldWhileDown")]
    [InlineData("""{"AccessLog":false}""", "AccessLog", "Edge:AccessLog")]
    [InlineData("""{"Certificate":{"Source":"Acme"}}""", "Certificate", "Edge:Certificates")]
    [InlineData("""{"Edgee":{"Hosts":["im.example.com"]}}""", "Edgee", "Edge")]
    public void A_section_beside_Edge_that_belongs_into_it_is_named(string beside, string key, string nearest)
    {
        var result = Settings.WithRoot(beside);

        result.HasOnly(key, "unknown key", $"did you mean {nearest}?");
        Assert.Equal(ProblemKind.Unknown, result.Problems[0].Kind);
        Assert.NotNull(result.Options);
    }

    [Fact]
    public void Without_the_section_Edge_each_key_says_where_it_belongs()
    {
        var result = Settings.Read("""{"Hosts":["im.example.com"],"Upstreams":["http://gateway:8080"],"Certificates":{"Source":"SelfSigned","AllowSelfSigned":true}}""");

        Assert.Equal(["Certificates", "Hosts", "Upstreams"], result.Problems.Select(problem => problem.Key).Order(StringComparer.Ordinal));
        Assert.All(result.Problems, problem => Assert.Equal($"did you mean Edge:{problem.Key}?", problem.Remedy));
        Assert.Null(result.Options);
    }

    [Fact]
    public void Sections_of_libraries_and_of_other_programs_are_no_problem() => Settings.WithRoot(
        """{"Serilog":{"MinimumLevel":"Debug"},"Logging":{"LogLevel":{"Default":"Debug"}},"AllowedHosts":"*","ConnectionStrings":{"Default":"x"},"Urls":"http://x","MyApp":{"Hosts":["x"]}}""").Options();
}
