using System.Text.RegularExpressions;
using CsCheck;
using ImGateway.Edge.Proxying.Checks;

namespace ImGateway.Edge.Tests.Proxying;

public sealed class TargetCheckTests
{
    static readonly string[] Pieces =
        ["/", ".", "..", "%2e", "%2E", "%2f", "%5c", "%252e", "%25", "%", ";", ";x", "\\", "a", "api", "?", "%00", "%3b", "%3f", "%23", "#", " ", "\t", "é", "%c3%a9", "~", "//"];

    static readonly Gen<string> Targets = Gen.Select(Gen.Int[0, Pieces.Length - 1].Select(i => Pieces[i]).Array[0, 12], Gen.String[0, 8]).Select((pieces, noise) => "/" + string.Concat(pieces) + noise);

    [Theory]
    [InlineData("/api/..")]
    [InlineData("/api/../x")]
    [InlineData("/api/./x")]
    [InlineData("/.")]
    [InlineData("/api/..;/x")]
    [InlineData("/api/..;a=b/x")]
    [InlineData("/api/.;/x")]
    [InlineData("/api/;/../admin")]
    [InlineData("/api/%2e%2e/x")]
    [InlineData("/api/%2E./x")]
    [InlineData("/api/..%2fx")]
    [InlineData("/api%2f..%2fx")]
    [InlineData("/api/..%5cx")]
    [InlineData("/api/..%3bx")]
    [InlineData("/api/..%3f")]
    [InlineData("/api/%252e%252e/x")]
    [InlineData("/api/%25252e%25252e/x")]
    [InlineData("/api/..\\x")]
    [InlineData("/api\\x")]
    [InlineData("/api#x")]
    [InlineData("/api?a#x")]
    [InlineData("/api/%00")]
    [InlineData("/api/%2500")]
    [InlineData("/api/%")]
    [InlineData("/api/%2")]
    [InlineData("/api/%zz")]
    [InlineData("/api/\u0001")]
    [InlineData("/api/\u007f")]
    [InlineData("/api?a=\r\nX: y")]
    [InlineData("/api x")]
    [InlineData("/api/é")]
    [InlineData("/api/%c0%ae%c0%ae/x")]
    [InlineData("/api/%C0%AE")]
    [InlineData("/api/%c0%af")]
    [InlineData("/api/%c1%9c")]
    [InlineData("/api/%c0%2e")]
    [InlineData("/api/%e0%80%ae")]
    [InlineData("/api/%e0%9f%bf")]
    [InlineData("/api/%f0%80%80%ae")]
    [InlineData("/api/%f0%8f%bf%bf")]
    [InlineData("/api/%f8%80%80%80%ae")]
    [InlineData("/api/%fc%80%80%80%80%ae")]
    [InlineData("/api/%25c0%25ae")]
    public void An_ambiguous_target_is_refused(string target) => Assert.False(TargetCheck.IsUnambiguous(target));

    [Theory]
    [InlineData("/")]
    [InlineData("/api")]
    [InlineData("/api/a%2Fb")]
    [InlineData("//api//x/")]
    [InlineData("/api/...")]
    [InlineData("/api/.well-known/x")]
    [InlineData("/api/a..b")]
    [InlineData("/api/x;v=1")]
    [InlineData("/api/%25")]
    [InlineData("/api/100%25zz")]
    [InlineData("/api/%0a")]
    [InlineData("/api/%c3%a9")]
    [InlineData("/api/%c2%80")]
    [InlineData("/api/%e0%a0%80")]
    [InlineData("/api/%f0%90%80%80")]
    [InlineData("/api/%f0%9f%98%80")]
    [InlineData("/api/%e9")]
    [InlineData("/api/%e0")]
    [InlineData("/api/%ff")]
    [InlineData("/api?a=%c0%ae")]
    [InlineData("/api/%5c")]
    [InlineData("/api?a=../..&b=%&c=\\&d=%00")]
    [InlineData("/api/<>\"{}|^`")]
    public void All_else_passes(string target) => Assert.True(TargetCheck.IsUnambiguous(target));

    [Theory]
    [InlineData("/a?b", "/a?b")]
    [InlineData("http://h/a?b", "/a?b")]
    [InlineData("HTTPS://h:8/a", "/a")]
    [InlineData("http://h", "/")]
    [InlineData("http://h?b", "/?b")]
    [InlineData("http://h/../x", "/../x")]
    [InlineData("*", null)]
    [InlineData("h:443", null)]
    [InlineData("ftp://h/a", null)]
    [InlineData("", null)]
    public void An_absolute_form_loses_its_authority(string raw, string? expected) => Assert.Equal(expected, TargetCheck.OriginForm(raw));

    [Fact]
    public void No_target_throws() => Targets.Sample(target =>
    {
        TargetCheck.IsUnambiguous(target);
    });

    [Fact]
    public void No_raw_target_throws() => Gen.String.Sample(raw =>
    {
        TargetCheck.OriginForm(raw);
    });

    [Fact]
    public void An_accepted_path_has_no_dot_segment_however_often_it_is_decoded() => Targets.Sample(target =>
    {
        if (!TargetCheck.IsUnambiguous(target)) return;
        var path = TargetCheck.PathOf(target).ToString();
        for (var i = 0; i < 20; i++)
        {
            var segments = path.Split('/', '\\').Select(segment => segment.Split(';')[0]);
            Assert.DoesNotContain(segments, segment => segment is "." or "..");
            path = Decode(path);
        }
    }, iter: 20_000);

    [Fact]
    public void A_path_of_nested_escapes_ends_soon()
    {
        var nested = "/api/%" + string.Concat(Enumerable.Repeat("25", 4000));
        Assert.False(TargetCheck.IsUnambiguous(nested));
    }

    static string Decode(string path) => Regex.Replace(
        path, "%[0-9a-fA-F]{2}", escape => ((char)Convert.ToByte(escape.Value[1..], 16)).ToString(), RegexOptions.None, TimeSpan.FromSeconds(1));
}
