using CsCheck;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Configuration.Reading;

namespace ImGateway.Edge.Tests.Configuration;

public sealed class OutgoingProxySettingsTests
{
    const string Https = "https://ca.example.com/directory", Http = "http://ocsp.example.com/";

    [Theory]
    [InlineData("http://proxy:3128", "http://proxy:3128")]
    [InlineData("proxy:3128", "http://proxy:3128")]
    [InlineData("http://proxy", "http://proxy:80")]
    [InlineData("proxy", "http://proxy:80")]
    [InlineData("http://[2001:db8::7]:3128/", "http://[2001:db8::7]:3128")]
    [InlineData("http://10.0.0.7:3128", "http://10.0.0.7:3128")]
    [InlineData("http://us%40er:p%3Aw%2F@10.0.0.7:3128", "http://***@10.0.0.7:3128")]
    [InlineData("us-er:pw@proxy:3128", "http://***@proxy:3128")]
    public void A_proxy_is_read_and_printed_without_its_login(string text, string printed)
    {
        var options = Settings.With($$"""{"OutgoingProxy":"{{text}}"}""").Options();

        Assert.Equal(printed, options.OutgoingProxy!.ToString());
        Assert.Contains($"Edge:OutgoingProxy = {printed}", EffectiveSettings.Lines(options));
        Assert.DoesNotContain("pw", $"{options}", StringComparison.Ordinal);
        Assert.Equal(options.OutgoingProxy.Uri, new OutgoingProxy(() => options).GetProxy(new Uri(Https)));
        Assert.Equal(options.OutgoingProxy.Uri, new OutgoingProxy(() => options).GetProxy(new Uri(Http)));
        Assert.Empty(options.OutgoingProxy.Uri.UserInfo);
    }

    [Fact]
    public void User_and_password_are_decoded_and_only_for_the_proxy_itself()
    {
        var proxy = new OutgoingProxy(() => Settings.With("""{"OutgoingProxy":"http://us%40er:p%3Aw:%2F@10.0.0.7:3128"}""").Options());

        var login = proxy.GetCredential(new Uri("http://10.0.0.7:3128"), "Basic");
        Assert.Equal(("us@er", "p:w:/"), (login!.UserName, login.Password));
        Assert.Null(proxy.GetCredential(new Uri("http://10.0.0.7:3129"), "Basic"));
    }

    [Theory]
    [InlineData("https://proxy:3128")]
    [InlineData("socks5://proxy:1080")]
    [InlineData("http://proxy:0")]
    [InlineData("http://proxy:99999")]
    [InlineData("http://proxy:3128/path")]
    [InlineData("http://proxy:3128?a=b")]
    [InlineData("http://proxy:3128#secret")]
    [InlineData("http://user:secret#@proxy:3128")]
    [InlineData("http://user:secret/@proxy:3128")]
    [InlineData("http://user:secret")]
    [InlineData("http://0x7f.1:3128")]
    [InlineData("http://a@010.0.0.1:3128")]
    [InlineData("http://")]
    [InlineData("http://pro xy:3128")]
    [InlineData("http://proxy\\u000a:secret@x:1")]
    public void What_is_no_proxy_is_one_line_that_quotes_nothing(string text)
    {
        var result = Settings.With($$"""{"OutgoingProxy":"{{text}}"}""");

        result.HasOnly("Edge:OutgoingProxy", "the value is not the URL of an HTTP proxy", "write http://host:port or http://user:password@host:port");
        Assert.DoesNotContain("secret", result.Lines()[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Variables_stand_in_for_the_key_by_scheme_and_one_that_is_no_proxy_is_a_warning()
    {
        var both = Settings.Read(Settings.Valid, ("HTTPS_PROXY", "http://one:1"), ("HTTP_PROXY", "two:2"), ("NO_PROXY", "example.net")).Options();
        Assert.Equal(("http://one:1", "http://two:2"), ($"{OutgoingProxy.For(new Uri(Https), both)}", $"{OutgoingProxy.For(new Uri(Http), both)}"));
        Assert.Null(OutgoingProxy.For(new Uri("https://ca.example.net"), both));
        Assert.True(new OutgoingProxy(() => both).IsBypassed(new Uri("https://ca.example.net")));
        Assert.Equal(["HTTPS_PROXY = http://one:1", "HTTP_PROXY = http://two:2", "NO_PROXY = example.net"], EffectiveSettings.Lines(both).TakeLast(3));

        var none = Settings.Read(Settings.Valid, ("HTTPS_PROXY", ""), ("NO_PROXY", "*")).Options();
        Assert.Null(OutgoingProxy.For(new Uri(Https), none));
        Assert.DoesNotContain(EffectiveSettings.Lines(none), line => line.Contains("PROXY", StringComparison.Ordinal));

        var odd = Settings.Read(Settings.Valid, ("HTTPS_PROXY", "socks5://u:secret@one:1"));
        odd.HasOnly("HTTPS_PROXY", "is not the URL of an HTTP proxy and is not used", "or set Edge:OutgoingProxy");
        Assert.DoesNotContain("secret", odd.Lines()[0], StringComparison.Ordinal);
        Assert.Null(OutgoingProxy.For(new Uri(Https), odd.Options!));

        var own = Settings.Read(
            Settings.Merged(Settings.Valid, """{"Edge":{"OutgoingProxy":"http://own:3"}}"""), ("HTTPS_PROXY", "socks5://one:1"), ("NO_PROXY", "*")).Options();
        Assert.Equal("http://own:3", $"{OutgoingProxy.For(new Uri(Https), own)}");
    }

    [Fact]
    public void No_text_makes_the_readers_fail() => Gen.Select(OneOf("", "http://", "http://u:p@", "https://", "http://[", "10.0.0.0/"), Gen.String, OneOf("", ":3128", "]:80", "/", "@proxy:1"))
        .Sample((start, text, end) =>
        {
            if (OutgoingProxyAddress.TryParse(start + text + end, out var proxy))
            {
                var login = proxy.Credentials();
                Assert.True(login is null || $"{proxy}".StartsWith("http://***@", StringComparison.Ordinal), $"{proxy}");
                Assert.Equal($"{proxy}", SingleLine.Escape($"{proxy}"));
            }

            _ = new NoProxyList(start + text + end).Contain(new Uri(Https));
        });

    [Fact]
    public void A_changed_password_is_a_change_and_not_printed()
    {
        var (old, next) = (Settings.With("""{"OutgoingProxy":"http://u:one@p:1"}""").Options(), Settings.With("""{"OutgoingProxy":"http://u:two@p:1"}""").Options());

        Assert.Equal("Edge:OutgoingProxy: changed", $"{Assert.Single(ConfigurationChanges.Between(old, next))}");
    }

    [Theory]
    [InlineData("example.com", "https://example.com", true)]
    [InlineData("example.com", "https://ca.EXAMPLE.com.", true)]
    [InlineData("example.com", "https://notexample.com", false)]
    [InlineData(".example.com", "https://example.com", true)]
    [InlineData("*.example.com", "https://ca.example.com", true)]
    [InlineData("example.com:8443", "https://example.com:8443", true)]
    [InlineData("example.com:8443", "https://example.com", false)]
    [InlineData("a.test,example.com", "https://example.com", true)]
    [InlineData(" a.test  example.com ", "https://example.com", true)]
    [InlineData("*", "https://example.com", true)]
    [InlineData("", "https://example.com", false)]
    [InlineData(",., :,*.", "https://example.com", false)]
    [InlineData("10.0.0.0/8", "https://10.1.2.3", true)]
    [InlineData("10.9.9.9/8", "https://10.1.2.3", true)]
    [InlineData("10.0.0.0/8", "https://11.1.2.3", false)]
    [InlineData("10.0.0.0/33", "https://10.0.0.0", false)]
    [InlineData("10.0.0.1", "https://10.0.0.1:444", true)]
    [InlineData("10.0.0.1:444", "https://10.0.0.1:444", true)]
    [InlineData("10.0.0.1:444", "https://10.0.0.1", false)]
    [InlineData("::1", "https://[::1]", true)]
    [InlineData("[::1]:443", "https://[::1]", true)]
    [InlineData("2001:db8::/32", "https://[2001:db8:7::1]", true)]
    [InlineData("2001:db8::/32", "https://[2001:db9::1]", false)]
    [InlineData("0.0.0.0/0", "https://[::1]", false)]
    public void Exceptions_are_what_curl_and_Go_take(string text, string url, bool direct) => Assert.Equal(direct, new NoProxyList(text).Contain(new Uri(url)));

    static Gen<string> OneOf(params string[] texts) => Gen.Int[0, texts.Length - 1].Select(i => texts[i]);
}
