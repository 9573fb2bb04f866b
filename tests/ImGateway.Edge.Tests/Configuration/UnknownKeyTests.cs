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
    [InlineData("""{"Tls":{"Engine":"Direct"}}""", "Edge:Tls:Engine")]
    public void A_key_of_a_later_version_prevents_the_start_and_says_so(string changes, string key)
    {
        var result = Settings.With(changes);

        result.HasOnly(key, "not available yet");
        Assert.Null(result.Options);
    }
}
