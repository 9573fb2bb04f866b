using System.Net;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Tests.Configuration;

public sealed class SectionReaderTests
{
    [Fact]
    public void What_is_not_configured_has_the_default_of_the_contract()
    {
        var options = Settings.With("{}").Options();

        Assert.Equal(["/ws", "/api", "/health"], options.Routes);
        Assert.Equal("./data", options.DataDirectory);
        Assert.Equal("*:443", Assert.Single(options.Listen.Https).ToString());
        Assert.Equal("*:80", Assert.Single(options.Listen.Http).ToString());
        Assert.Equal(["127.0.0.1:9180", "[::1]:9180"], options.Listen.Management.Select(address => address.ToString()));
        Assert.Equal(TlsPolicy.Intermediate, options.Tls.Policy);
        Assert.Equal(TimeSpan.FromSeconds(10), options.Tls.HandshakeTimeout);
        Assert.Equal("im.example.com", options.DefaultHost.Value);
        Assert.Equal(TimeSpan.FromDays(90), options.Certificates.MaxAge);
        Assert.Equal(TimeSpan.FromHours(1), options.WebSockets.IdleTimeout);
        Assert.Equal(10485760, options.Limits.RequestBodyBytes);
    }

    [Fact]
    public void Every_type_of_value_is_read()
    {
        var options = Settings.With(
            """
            {"Hosts":["Bücher.example","*.Example.COM","192.0.2.1","[2001:db8::1]"],
             "Upstreams":["http://a:8080","http://[::1]:8081/"],
             "accesslog":false,
             "Listen":{"Https":["0.0.0.0:8443","[::1]:8443"]},
             "Tls":{"Policy":"modern","HandshakeTimeout":"00:00:02.5","DefaultHost":"chat.example.com"},
             "Certificates":{"MaxAge":"60.12:00:00","Files":[{"Certificate":"a.pfx","Password":"hunter2"},{"Certificate":"b.pem"}]},
             "PlainHttp":{"Mode":"Reject","HttpsPort":8443},
             "Headers":{"Custom":{"Referrer-Policy":"no-referrer"}},
             "Limits":{"RequestBodyBytes":5000000000},
             "TrustedProxies":["10.1.2.3/8","192.0.2.7","::ffff:198.51.100.0/120","2001:db8::/32"]}
            """).Options();

        Assert.Equal(["xn--bcher-kva.example", "*.example.com", "192.0.2.1", "2001:db8::1"], options.Hosts.Select(host => host.Value));
        Assert.Equal(["a:8080", "[::1]:8081"], options.Upstreams.Select(upstream => upstream.Authority));
        Assert.False(options.AccessLog);
        Assert.Equal(new ListenAddress(IPAddress.Any, 8443), options.Listen.Https[0]);
        Assert.Equal(TlsPolicy.Modern, options.Tls.Policy);
        Assert.Equal(TimeSpan.FromSeconds(2.5), options.Tls.HandshakeTimeout);
        Assert.Equal("chat.example.com", options.DefaultHost.Value);
        Assert.Equal(new TimeSpan(60, 12, 0, 0), options.Certificates.MaxAge);
        Assert.Equal("hunter2", options.Certificates.Files[0].Password!.Reveal());
        Assert.Null(options.Certificates.Files[1].Key);
        Assert.Equal(PlainHttpMode.Reject, options.PlainHttp.Mode);
        Assert.Equal("no-referrer", options.Headers.Custom["referrer-policy"]);
        Assert.Equal(5_000_000_000, options.Limits.RequestBodyBytes);
        Assert.Equal(["10.0.0.0/8", "192.0.2.7/32", "198.51.100.0/24", "2001:db8::/32"], options.TrustedProxies.Select(network => network.ToString()));
    }

    [Theory]
    [InlineData("""{"AccessLog":"yes"}""", "Edge:AccessLog", "'yes'", "true or false")]
    [InlineData("""{"Limits":{"HeaderBytes":99999999999999999999}}""", "Edge:Limits:HeaderBytes", "2147483647")]
    [InlineData("""{"Limits":{"HeaderBytes":1.5}}""", "Edge:Limits:HeaderBytes", "whole number")]
    [InlineData("""{"Limits":{"RequestBodyBytes":"0x10"}}""", "Edge:Limits:RequestBodyBytes", "whole number")]
    [InlineData("""{"Tls":{"HandshakeTimeout":"10"}}""", "Edge:Tls:HandshakeTimeout", "duration", "hh:mm:ss")]
    [InlineData("""{"Tls":{"HandshakeTimeout":10}}""", "Edge:Tls:HandshakeTimeout", "duration")]
    [InlineData("""{"Tls":{"HandshakeTimeout":"5:00"}}""", "Edge:Tls:HandshakeTimeout", "duration")]
    [InlineData("""{"Tls":{"HandshakeTimeout":"-00:00:01"}}""", "Edge:Tls:HandshakeTimeout", "duration")]
    [InlineData("""{"Tls":{"HandshakeTimeout":"99999999.00:00:00"}}""", "Edge:Tls:HandshakeTimeout", "duration")]
    [InlineData("""{"Tls":{"Policy":"Old"}}""", "Edge:Tls:Policy", "Intermediate or Modern")]
    [InlineData("""{"Tls":{"Policy":"1"}}""", "Edge:Tls:Policy", "Intermediate or Modern")]
    [InlineData("""{"Tls":{"Policy":"Modern,Intermediate"}}""", "Edge:Tls:Policy", "Intermediate or Modern")]
    [InlineData("""{"Tls":{"Policy":""}}""", "Edge:Tls:Policy", "is empty")]
    [InlineData("""{"Tls":{"Policy":["Modern"]}}""", "Edge:Tls:Policy", "is a section or a list")]
    [InlineData("""{"Hosts":["https://im.example.com"]}""", "Edge:Hosts:0", "without scheme")]
    [InlineData("""{"Hosts":["im.example.com:443"]}""", "Edge:Hosts:0", "host name")]
    [InlineData("""{"Hosts":["im.example.com",null]}""", "Edge:Hosts:1", "is empty")]
    [InlineData("""{"Hosts":"im.example.com"}""", "Edge:Hosts", "is one value", "Edge:Hosts:0")]
    [InlineData("""{"Hosts":{"a":"im.example.com"}}""", "Edge:Hosts:a", "Edge:Hosts is a list")]
    [InlineData("""{"Listen":{"Https":["443"]}}""", "Edge:Listen:Https:0", "address:port")]
    [InlineData("""{"Listen":{"Https":["*:65536"]}}""", "Edge:Listen:Https:0", "address:port")]
    [InlineData("""{"Listen":{"Https":["::1:443"]}}""", "Edge:Listen:Https:0", "address:port")]
    [InlineData("""{"Listen":5}""", "Edge:Listen", "is one value", "Https, Http, Management")]
    [InlineData("""{"TrustedProxies":["10.0.0.0/33"]}""", "Edge:TrustedProxies:0", "address/length")]
    [InlineData("""{"TrustedProxies":["10"]}""", "Edge:TrustedProxies:0", "network")]
    [InlineData("""{"TrustedProxies":["proxy.example.com"]}""", "Edge:TrustedProxies:0", "network")]
    [InlineData("""{"Upstreams":["gateway"]}""", "Edge:Upstreams:0", "http://host:port")]
    [InlineData("""{"Certificates":{"Files":["im.pem"]}}""", "Edge:Certificates:Files:0", "write a section with Certificate, Key")]
    [InlineData("""{"Headers":{"Custom":["X-A"]}}""", "Edge:Headers:Custom:0", "names and values")]
    [InlineData("""{"Headers":{"Custom":"X-A"}}""", "Edge:Headers:Custom", "names and values")]
    [InlineData("""{"Headers":{"Custom":{"X-A":{"b":1}}}}""", "Edge:Headers:Custom:X-A", "is a section")]
    public void What_cannot_be_read_is_one_line_with_key_fault_and_remedy(string changes, string key, params string[] words) =>
        Settings.With(changes).HasOnly(key, words);

    [Fact]
    public void An_empty_list_replaces_the_default()
    {
        var options = Settings.With("""{"Listen":{"Http":[],"Management":[]},"WebSockets":{"Routes":[]},"ManagementNetworks":[]}""").Options();

        Assert.Empty(options.Listen.Http);
        Assert.Empty(options.Listen.Management);
        Assert.Empty(options.WebSockets.Routes);
        Assert.Empty(options.ManagementNetworks);
    }

    [Fact]
    public void Null_is_not_set()
    {
        var options = Settings.With("""{"Routes":null,"Tls":null,"AccessLog":null,"Headers":{"Custom":null,"FrameOptions":null}}""").Options();

        Assert.Equal(3, options.Routes.Count);
        Assert.True(options.AccessLog);
        Assert.Equal("DENY", options.Headers.FrameOptions);
    }

    [Fact]
    public void A_higher_source_replaces_items_by_their_index_and_adds_further_ones()
    {
        var options = Settings.Read(Settings.Valid, ("Edge:Hosts:0", "a.example.com"), ("Edge:Hosts:7", "b.example.com")).Options();

        Assert.Equal(["a.example.com", "b.example.com"], options.Hosts.Select(host => host.Value));
    }

    [Fact]
    public void A_higher_source_can_empty_a_list()
    {
        var json = Settings.Valid.Replace("\"Hosts\"", "\"Listen\":{\"Http\":[\"*:8080\"]},\"Hosts\"", StringComparison.Ordinal);

        Assert.Empty(Settings.Read(json, ("Edge:Listen:Http", "")).Options().Listen.Http);
    }

    [Fact]
    public void A_higher_source_can_fill_a_list_that_is_empty_below()
    {
        var json = Settings.Valid.Replace("\"Hosts\"", "\"Listen\":{\"Http\":[]},\"Hosts\"", StringComparison.Ordinal);

        Assert.Equal("*:8080", Assert.Single(Settings.Read(json, ("Edge:Listen:Http:0", "*:8080")).Options().Listen.Http).ToString());
    }

    [Fact]
    public void Problems_of_items_have_the_index_that_was_written_where_earlier_items_could_not_be_read() =>
        Assert.Equal(
            ["Edge:Hosts:0", "Edge:Hosts:2"],
            Settings.With("""{"Hosts":["bad host","im.example.com","IM.example.com"]}""").Problems.Select(problem => problem.Key));

    [Fact]
    public void Values_that_may_hold_a_password_are_not_quoted()
    {
        var lines = Settings.With("""{"Upstreams":["https://user:hunter2@gateway:8080","user:hunter2@gateway"],"AccessLog":"user:hunter2@x"}""").Lines();

        Assert.Equal(3, lines.Length);
        Assert.DoesNotContain(lines, line => line.Contains("hunter2", StringComparison.Ordinal));
    }
}
