using CsCheck;
using ImGateway.Edge.Configuration.Reading;
using Microsoft.Extensions.Configuration;

namespace ImGateway.Edge.Tests.Configuration;

public sealed class HostileConfigurationTests
{
    static readonly string[] Names =
    [
        "Hosts", "Upstreams", "Routes", "DataDirectory", "Listen", "Https", "Http", "Management", "Tls", "Policy", "Engine", "DefaultHost",
        "HandshakeTimeout", "Certificates", "Source", "Files", "Certificate", "Key", "Password", "KeyType", "MaxAge", "PlainHttp", "HttpsPort",
        "Headers", "Hsts", "Custom", "FrameOptions", "WebSockets", "AllowedOrigins", "AccessLog", "Limits", "HeaderBytes", "TrustedProxies",
        "Acme", "Directory", "Email", "Challenges", "RenewAt", "ExternalAccount", "KeyId", "OnChange", "Drain", "HoldWhileDown", "0", "1", "-1", "99999999999", "", " ", "x",
    ];

    static readonly string?[] Values =
    [
        null, "", " ", "true", "0", "-1", "5", "1e9", "99999999999999999999", "00:00:10", "-00:00:01", "10675199.02:48:05", "99999999.23:59:59", "Files", "SelfSigned",
        "Acme", "zerossl", "dns-01", "a@b.c", "Direct", "a.example.com", "*.example.com", "*.*", "*", "..", "::1", "[::1]", "[", "::ffff:1.2.3.4/97", "1.2.3.4/33", "0/0", "*:443", "*:", ":1", "[::1]:1",
        "http://a", "http://", "http://[", "http://@", "http:a", "file:///etc/passwd", "https://a:443", "a://", "://", "://:", "a://:1", "/", "/ws", "/ws/..", "\0", "\ud800", "ünï",
    ];

    static readonly Gen<KeyValuePair<string, string?>> Setting =
        from prefix in Gen.OneOf("Edge", "Edge:", "ReverseProxy", "ReverseProxy:Routes", "ReverseProxy:Clusters", "Kestrel", "Kestrel:Endpoints")
        from names in Gen.OneOf(Gen.OneOf(Names), Gen.String[0, 12]).Array[0, 4]
        from value in Gen.OneOf(Gen.OneOf(Values), Gen.String[0, 40].Select(text => (string?)text))
        select KeyValuePair.Create(string.Join(':', [prefix, .. names]), value);

    [Fact]
    public void The_reader_never_throws_and_a_result_without_options_says_why() => Setting.Array[0, 25].Sample(settings =>
    {
        var collection = settings.DistinctBy(setting => setting.Key, StringComparer.OrdinalIgnoreCase);
        var result = EdgeConfiguration.Read(new ConfigurationBuilder().AddInMemoryCollection(collection).Build());

        Assert.Equal(result.Options is null, result.Problems.Any(problem => problem.PreventsStart));
        Assert.All(result.Lines(), line => Assert.DoesNotContain(line, char.IsControl));
        if (result.Options is { } options) Assert.NotEmpty(EffectiveSettings.Lines(options));
    }, iter: 1_000);

    [Fact]
    public void Settings_over_valid_ones_either_are_problems_or_make_a_whole_configuration() => Setting.Array[1, 3].Sample(settings =>
    {
        var result = Settings.Read(
            Settings.Valid, [.. settings.DistinctBy(setting => setting.Key, StringComparer.OrdinalIgnoreCase).Select(setting => (setting.Key, setting.Value))]);

        if (result.Options is not { } options) return;
        Assert.NotEmpty(options.Upstreams);
        Assert.Contains(options.Hosts, host => host.Matches(options.DefaultHost));
        Assert.All(options.WebSockets.Routes, route => Assert.Contains(route, options.Routes));
        Assert.True(options.Tls.HandshakeTimeout > TimeSpan.Zero);
        Assert.NotEmpty(EffectiveSettings.Lines(options));
    }, iter: 1_000);

    [Fact]
    public void Huge_values_are_ordinary_problems_on_short_lines()
    {
        var huge = new string('a', 1_000_000);

        var lines = Settings.Read(
            Settings.Valid,
            ("Edge:Hosts:0", huge), ("Edge:Upstreams:0", $"http://{huge}"), ("Edge:Tls:Policy", huge), ("Edge:Limits:UrlBytes", new string('9', 1_000_000)),
            ("Edge:TrustedProxies:0", huge), ("Edge:Listen:Https:0", huge), ("Edge:WebSockets:AllowedOrigins:0", huge), ("Edge:Routes:0", huge)).Lines();

        Assert.Equal(8, lines.Length);
        Assert.All(lines, line => Assert.InRange(line.Length, 20, 400));
    }
}
