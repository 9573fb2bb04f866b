using System.Text.Json;

namespace ImGateway.Edge.Tests.Configuration;

public sealed class RulesTests
{
    [Theory]
    [InlineData("""{"Hosts":[]}""", "Edge:Hosts", "required")]
    [InlineData("""{"Hosts":["im.example.com","IM.Example.com."]}""", "Edge:Hosts:1", "listed twice")]
    [InlineData("""{"Tls":{"DefaultHost":"other.example.com"}}""", "Edge:Tls:DefaultHost", "not among Edge:Hosts")]
    [InlineData("""{"Hosts":["*.example.com"],"Tls":{"DefaultHost":"*.example.com"}}""", "Edge:Tls:DefaultHost", "wildcard")]
    [InlineData("""{"Hosts":["*.example.com"],"Tls":{"DefaultHost":"a.b.example.com"}}""", "Edge:Tls:DefaultHost", "not among")]
    [InlineData("""{"Upstreams":[]}""", "Edge:Upstreams", "required")]
    [InlineData("""{"Upstreams":["https://gateway:8080"]}""", "Edge:Upstreams:0", "not http://")]
    [InlineData("""{"Upstreams":["localhost:8080"]}""", "Edge:Upstreams:0", "not http://")]
    [InlineData("""{"Upstreams":["http://user@gateway:8080"]}""", "Edge:Upstreams:0", "user information")]
    [InlineData("""{"Upstreams":["http://gateway:8080/base"]}""", "Edge:Upstreams:0", "path")]
    [InlineData("""{"Upstreams":["http://gateway:8080?x"]}""", "Edge:Upstreams:0", "query")]
    [InlineData("""{"Upstreams":["http://gateway:8080?"]}""", "Edge:Upstreams:0", "query")]
    [InlineData("""{"Upstreams":["http://gateway:8080#x"]}""", "Edge:Upstreams:0", "fragment")]
    [InlineData("""{"Upstreams":["http://0x7f.0.0.1:8080"]}""", "Edge:Upstreams:0", "is 127.0.0.1")]
    [InlineData("""{"Upstreams":["http://010.0.0.1:8080"]}""", "Edge:Upstreams:0", "is 8.0.0.1")]
    [InlineData("""{"Upstreams":["http://127.1:8080"]}""", "Edge:Upstreams:0", "is 127.0.0.1")]
    [InlineData("""{"Hosts":["0x7f.0.0.1"]}""", "Edge:Hosts:0", "not a host name", "IP address")]
    [InlineData("""{"Hosts":["010.0.0.1"]}""", "Edge:Hosts:0", "not a host name", "IP address")]
    [InlineData("""{"Listen":{"Https":["010.0.0.1:443"]}}""", "Edge:Listen:Https:0", "not an address and port")]
    [InlineData("""{"Listen":{"Https":["0x7f.0.0.1:443"]}}""", "Edge:Listen:Https:0", "not an address and port")]
    [InlineData("""{"Listen":{"Https":["127.1:443"]}}""", "Edge:Listen:Https:0", "not an address and port")]
    [InlineData("""{"TrustedProxies":["010.0.0.0/8"]}""", "Edge:TrustedProxies:0", "not a network")]
    [InlineData("""{"TrustedProxies":["0x0a.0.0.0/8"]}""", "Edge:TrustedProxies:0", "not a network")]
    [InlineData("""{"TrustedProxies":["010.0.0.1"]}""", "Edge:TrustedProxies:0", "not a network")]
    [InlineData("""{"Upstreams":["http://gateway:0"]}""", "Edge:Upstreams:0", "port")]
    [InlineData("""{"Upstreams":["http://gateway:80","http://GATEWAY"]}""", "Edge:Upstreams:1", "listed twice")]
    [InlineData("""{"Routes":[]}""", "Edge:Routes", "nothing would be forwarded")]
    [InlineData("""{"Routes":["/ws","api"]}""", "Edge:Routes:1", "begin with /")]
    [InlineData("""{"Routes":["/ws","/"]}""", "Edge:Routes:1", "everything")]
    [InlineData("""{"Routes":["/ws","/api/"]}""", "Edge:Routes:1", "ends with /")]
    [InlineData("""{"Routes":["/ws","/a//b"]}""", "Edge:Routes:1", "empty segment")]
    [InlineData("""{"Routes":["/ws","/a/../b"]}""", "Edge:Routes:1", "dot segment")]
    [InlineData("""{"Routes":["/ws","/a%62"]}""", "Edge:Routes:1", "characters")]
    [InlineData("""{"Routes":["/ws","/{x}"]}""", "Edge:Routes:1", "characters")]
    [InlineData("""{"Routes":["/ws","/ws"]}""", "Edge:Routes:1", "listed twice")]
    [InlineData("""{"Routes":["/ws","/a/b","/a-b"]}""", "Edge:Routes:2", "route 'a-b'")]
    [InlineData("""{"Routes":["/ws","/WS"]}""", "Edge:Routes:1", "route 'WS'")]
    [InlineData("""{"WebSockets":{"Routes":["/ws","/chat"]}}""", "Edge:WebSockets:Routes:1", "not among Edge:Routes")]
    [InlineData("""{"Routes":["/chat"]}""", "Edge:WebSockets:Routes:0", "'/ws' is not among")]
    [InlineData("""{"Listen":{"Https":[],"Http":[]}}""", "Edge:Listen", "nothing public")]
    [InlineData("""{"Listen":{"Https":["*:80"]}}""", "Edge:Listen:Http:0", "taken by Edge:Listen:Https:0")]
    [InlineData("""{"Listen":{"Https":["*:9180"],"Management":["127.0.0.1:9180"]}}""", "Edge:Listen:Management:0", "taken")]
    [InlineData("""{"Listen":{"Https":["[::]:443","192.0.2.1:443"]}}""", "Edge:Listen:Https:1", "taken")]
    [InlineData("""{"Listen":{"Https":["192.0.2.1:443","0.0.0.0:443"]}}""", "Edge:Listen:Https:1", "taken")]
    [InlineData("""{"PlainHttp":{"HttpsPort":0}}""", "Edge:PlainHttp:HttpsPort", "1 to 65535")]
    [InlineData("""{"PlainHttp":{"HttpsPort":65536}}""", "Edge:PlainHttp:HttpsPort", "1 to 65535")]
    [InlineData("""{"Certificates":{"Source":null}}""", "Edge:Certificates:Source", "required")]
    [InlineData("""{"Certificates":{"Source":"SelfSigned"}}""", "Edge:Certificates:Source", "AllowSelfSigned")]
    [InlineData("""{"Certificates":{"Files":[]}}""", "Edge:Certificates:Files", "required")]
    [InlineData("""{"Certificates":{"Files":[{"Key":"im.key"}]}}""", "Edge:Certificates:Files:0:Certificate", "required")]
    [InlineData("""{"Certificates":{"Files":[{"Certificate":"a","Key":""}]}}""", "Edge:Certificates:Files:0:Key", "is empty")]
    [InlineData("""{"Certificates":{"Files":[{"Certificate":"a\u0000"}]}}""", "Edge:Certificates:Files:0:Certificate", "control characters")]
    [InlineData("""{"Certificates":{"Files":[{"Certificate":"a","Password":"p","PasswordFile":"f"}]}}""", "Edge:Certificates:Files:0:PasswordFile", "Password is given too")]
    [InlineData("""{"Certificates":{"Source":"Acmee"}}""", "Edge:Certificates:Source", "write Acme, Files or SelfSigned")]
    [InlineData("""{"Certificates":{"OnChange":{"Program":"/bin/true"}}}""", "Edge:Certificates:OnChange:Program", "Edge:Certificates:OnChange is a list")]
    [InlineData("""{"Acme":5}""", "Edge:Acme", "is one value")]
    [InlineData("""{"DataDirectory":" "}""", "Edge:DataDirectory", "is empty")]
    [InlineData("""{"Tls":{"HandshakeTimeout":"00:00:00"}}""", "Edge:Tls:HandshakeTimeout", "out of range")]
    [InlineData("""{"WebSockets":{"IdleTimeout":"50.00:00:00"}}""", "Edge:WebSockets:IdleTimeout", "at most 45.00:00:00")]
    [InlineData("""{"Certificates":{"MaxAge":"00:00:00"}}""", "Edge:Certificates:MaxAge", "out of range")]
    [InlineData("""{"Audit":{"MaxBytes":4095}}""", "Edge:Audit:MaxBytes", "write 4096 to")]
    [InlineData("""{"Audit":{"Keep":0}}""", "Edge:Audit:Keep", "write 1 to 1000")]
    [InlineData("""{"Audit":{"Keep":1001}}""", "Edge:Audit:Keep", "write 1 to 1000")]
    [InlineData("""{"Drain":{"Delay":"1.00:00:01"}}""", "Edge:Drain:Delay", "out of range")]
    [InlineData("""{"Drain":{"Spread":"2.00:00:00"}}""", "Edge:Drain:Spread", "at most 1.00:00:00")]
    [InlineData("""{"Drain":{"Delay":"00:00:00","Spread":"00:00:00","Timeout":"00:00:00"}}""", "Edge:Drain:Timeout", "out of range")]
    [InlineData("""{"Drain":{"Spread":"00:00:26"}}""", "Edge:Drain:Timeout", "Delay and Spread = 00:00:31")]
    [InlineData("""{"Limits":{"HeaderBytes":-1}}""", "Edge:Limits:HeaderBytes", "1 to 1048576")]
    [InlineData("""{"Limits":{"UrlBytes":1048577}}""", "Edge:Limits:UrlBytes", "1 to 1048576")]
    [InlineData("""{"Limits":{"RequestBodyBytes":0}}""", "Edge:Limits:RequestBodyBytes", "out of range")]
    [InlineData("""{"Limits":{"MinBytesPerSecond":-1}}""", "Edge:Limits:MinBytesPerSecond", "out of range")]
    [InlineData("""{"Limits":{"RequestsPerSecondPerAddress":-1}}""", "Edge:Limits:RequestsPerSecondPerAddress", "0 to 1000000")]
    [InlineData("""{"HoldWhileDown":"-00:00:01"}""", "Edge:HoldWhileDown", "not a duration")]
    [InlineData("""{"HoldWhileDown":"02:00:00"}""", "Edge:HoldWhileDown", "at most 01:00:00")]
    [InlineData("""{"Limits":{"Connections":-1}}""", "Edge:Limits:Connections", "out of range")]
    [InlineData("""{"Limits":{"ConnectionsPerAddress":-1}}""", "Edge:Limits:ConnectionsPerAddress", "out of range")]
    [InlineData("""{"Limits":{"WebSockets":-1}}""", "Edge:Limits:WebSockets", "out of range")]
    [InlineData("""{"Limits":{"HandshakesInProgress":10001}}""", "Edge:Limits:HandshakesInProgress", "0 to 10000")]
    [InlineData("""{"Listen":{"ProxyProtocol":true}}""", "Edge:Listen:ProxyProtocol", "Edge:TrustedProxies is empty")]
    [InlineData("""{"Headers":{"FrameOptions":"DENY\r\nX: y"}}""", "Edge:Headers:FrameOptions", "header")]
    [InlineData("""{"Headers":{"ContentTypeOptions":"no\u0007sniff"}}""", "Edge:Headers:ContentTypeOptions", "header")]
    [InlineData("""{"Headers":{"Custom":{"X A":"b"}}}""", "Edge:Headers:Custom:X A", "no header name")]
    [InlineData("""{"Headers":{"Custom":{"X-A":"b\r\nX-C: d"}}}""", "Edge:Headers:Custom:X-A", "visible ASCII")]
    [InlineData("""{"Headers":{"Custom":{"X-A":"ü"}}}""", "Edge:Headers:Custom:X-A", "visible ASCII")]
    [InlineData("""{"Headers":{"Custom":{"content-length":"1"}}}""", "Edge:Headers:Custom:content-length", "not a header to set here")]
    [InlineData("""{"Headers":{"Custom":{"Transfer-Encoding":"chunked"}}}""", "Edge:Headers:Custom:Transfer-Encoding", "not a header to set here")]
    [InlineData("""{"Headers":{"Custom":{"Connection":"close"}}}""", "Edge:Headers:Custom:Connection", "not a header to set here")]
    [InlineData("""{"Headers":{"Custom":{"Strict-Transport-Security":"max-age=1"}}}""", "Edge:Headers:Custom:Strict-Transport-Security", "use Edge:Headers:Hsts")]
    [InlineData("""{"Headers":{"Custom":{"Sec-WebSocket-Accept":"x"}}}""", "Edge:Headers:Custom:Sec-WebSocket-Accept", "WebSocket")]
    [InlineData("""{"Headers":{"Hsts":{"Preload":true,"MaxAge":"30.00:00:00"}}}""", "Edge:Headers:Hsts:Preload", "year")]
    [InlineData("""{"Headers":{"Hsts":{"Preload":true,"IncludeSubDomains":false}}}""", "Edge:Headers:Hsts:Preload", "IncludeSubDomains")]
    [InlineData("""{"WebSockets":{"AllowedOrigins":["im.example.com"]}}""", "Edge:WebSockets:AllowedOrigins:0", "not an origin")]
    [InlineData("""{"WebSockets":{"AllowedOrigins":["https://*.example.com"]}}""", "Edge:WebSockets:AllowedOrigins:0", "not an origin")]
    [InlineData("""{"WebSockets":{"AllowedOrigins":["https://im.example.com/"]}}""", "Edge:WebSockets:AllowedOrigins:0", "not an origin")]
    [InlineData("""{"WebSockets":{"AllowedOrigins":["https://im.example.com:x"]}}""", "Edge:WebSockets:AllowedOrigins:0", "not an origin")]
    [InlineData("""{"Upstream":{"IdleTimeout":"00:00:00"}}""", "Edge:Upstream:IdleTimeout", "out of range")]
    [InlineData("""{"Upstream":{"IdleTimeout":"1.00:00:01"}}""", "Edge:Upstream:IdleTimeout", "out of range")]
    [InlineData("""{"WebSockets":{"AllowedOrigins":["file:///"]}}""", "Edge:WebSockets:AllowedOrigins:0", "not an origin")]
    [InlineData("""{"WebSockets":{"AllowedOrigins":["app://*"]}}""", "Edge:WebSockets:AllowedOrigins:0", "not an origin")]
    [InlineData("""{"WebSockets":{"AllowedOrigins":["app://a b"]}}""", "Edge:WebSockets:AllowedOrigins:0", "not an origin")]
    [InlineData("""{"WebSockets":{"AllowedOrigins":["http://"]}}""", "Edge:WebSockets:AllowedOrigins:0", "not an origin")]
    [InlineData("""{"WebSockets":{"AllowedOrigins":["http://a_b:0"]}}""", "Edge:WebSockets:AllowedOrigins:0", "not an origin")]
    [InlineData("""{"WebSockets":{"AllowedOrigins":["http://My_Host:80"]}}""", "Edge:WebSockets:AllowedOrigins:0", "write http://my_host")]
    [InlineData("""{"WebSockets":{"AllowedOrigins":["APP://-"]}}""", "Edge:WebSockets:AllowedOrigins:0", "write app://-")]
    [InlineData("""{"WebSockets":{"AllowedOrigins":["HTTPS://IM.example.com:443"]}}""", "Edge:WebSockets:AllowedOrigins:0", "write https://im.example.com")]
    public void A_mistake_is_one_line_with_key_fault_and_remedy(string changes, string key, params string[] words)
    {
        var result = Settings.With(changes);

        result.HasOnly(key, words);
        Assert.Contains("; ", result.Lines()[0], StringComparison.Ordinal);
        Assert.Null(result.Options);
    }

    [Theory]
    [InlineData("""{"Hosts":["*.example.com"],"Tls":{"DefaultHost":"im.example.com"}}""")]
    [InlineData("""{"Hosts":["*.example.com"]}""")]
    [InlineData("""{"Routes":["/ws","/api","/api/v2","/a-b_c.d~e"]}""")]
    [InlineData("""{"Listen":{"Https":["127.0.0.1:0","127.0.0.1:0"],"Http":["127.0.0.1:0"]}}""")]
    [InlineData("""{"Listen":{"Https":["0.0.0.0:443","[::1]:443"]}}""")]
    [InlineData("""{"Certificates":{"Source":"SelfSigned","AllowSelfSigned":true,"Files":[]}}""")]
    [InlineData("""{"Headers":{"FrameOptions":"","Hsts":{"MaxAge":"00:00:00"}}}""")]
    [InlineData("""{"Headers":{"Hsts":{"Preload":true}}}""")]
    [InlineData("""{"WebSockets":{"AllowedOrigins":["https://im.example.com","http://localhost:5173","capacitor://localhost","https://[::1]:8443"]}}""")]
    [InlineData("""{"WebSockets":{"AllowedOrigins":["file://","app://-","app://Main","http://my_host:3000","https://_x.example.com","chrome-extension://abcdefghijklmnop"]}}""")]
    [InlineData("""{"Limits":{"MinBytesPerSecond":0}}""")]
    [InlineData("""{"Limits":{"RequestsPerSecondPerAddress":20},"HoldWhileDown":"00:00:15"}""")]
    public void What_is_fine_is_fine(string changes) => Settings.With(changes).Options();

    [Theory]
    [InlineData("""{"ReverseProxy":{"Routes":{"chat":{"Order":1}}}}""", "ReverseProxy:Routes:chat", "no route of Edge:Routes", "ws, api, health")]
    [InlineData("""{"ReverseProxy":{"Clusters":{"other":{}}}}""", "ReverseProxy:Clusters:other", "gateway")]
    [InlineData("""{"ReverseProxy":{"Routes":{"ws":{"Match":{"Path":"/{**any}"}}}}}""", "ReverseProxy:Routes:ws:Match:Path", "Edge:Routes")]
    [InlineData("""{"ReverseProxy":{"Routes":{"ws":{"Match":{"Hosts":["a"]}}}}}""", "ReverseProxy:Routes:ws:Match:Hosts", "Edge:Hosts")]
    [InlineData("""{"ReverseProxy":{"Routes":{"ws":{"Match":{"Methods":["GET"]}}}}}""", "ReverseProxy:Routes:ws:Match:Methods", "Edge:Routes")]
    [InlineData("""{"ReverseProxy":{"Routes":{"ws":{"AuthorizationPolicy":"default"}}}}""", "ReverseProxy:Routes:ws:AuthorizationPolicy", "remove it")]
    [InlineData("""{"ReverseProxy":{"Routes":{"ws":{"ClusterId":"other"}}}}""", "ReverseProxy:Routes:ws:ClusterId", "gateway")]
    [InlineData("""{"ReverseProxy":{"Cluster":{"gateway":{}}}}""", "ReverseProxy:Cluster", "did you mean ReverseProxy:Clusters?")]
    [InlineData("""{"Kestrel":{"Endpoints":{"a":{"Url":"http://*:80"}}}}""", "Kestrel:Endpoints", "bind with Edge:Listen")]
    [InlineData("""{"Kestrel":{"Certificates":{"Default":{"Path":"a"}}}}""", "Kestrel:Certificates", "Edge:Certificates")]
    [InlineData("""{"ASPNETCORE_FORWARDEDHEADERS_ENABLED":"True"}""", "ASPNETCORE_FORWARDEDHEADERS_ENABLED", "unset it", "Edge:TrustedProxies")]
    [InlineData("""{"ForwardedHeaders_Enabled":true}""", "FORWARDEDHEADERS_ENABLED", "unset it")]
    public void Other_sections_may_not_contradict_the_edge(string root, string key, params string[] words) =>
        Settings.WithRoot(root).HasOnly(key, words);

    [Fact]
    public void A_route_and_the_cluster_may_be_refined_in_the_section_of_YARP() => Settings.WithRoot(
        """
        {"ReverseProxy":{
          "Routes":{"WS":{"ClusterId":"gateway","Timeout":"00:01:00"}},
          "Clusters":{"gateway":{"LoadBalancingPolicy":"RoundRobin","SessionAffinity":{"Enabled":true}}}},
         "ASPNETCORE_URLS":"http://*:1","ASPNETCORE_FORWARDEDHEADERS_ENABLED":"false"}
        """).Options();

    [Fact]
    public void An_empty_configuration_lacks_exactly_what_is_required() => Assert.Equal(
        ["Edge:Hosts", "Edge:Upstreams", "Edge:Certificates:Source"],
        Settings.Read("{}").Problems.Select(problem => problem.Key));

    [Fact]
    public void One_mistake_in_a_list_is_not_reported_again_by_what_depends_on_the_list()
    {
        Settings.With("""{"Routes":["ws"]}""").HasOnly("Edge:Routes:0");
        Settings.With("""{"Hosts":["a b"],"Tls":{"DefaultHost":"im.example.com"}}""").HasOnly("Edge:Hosts:0");
        Settings.With("""{"Certificates":{"Source":"SelfSigned","AllowSelfSignd":true}}""").HasOnly("Edge:Certificates:AllowSelfSignd");
    }

    [Fact]
    public void A_problem_stays_on_one_line_whatever_the_key_and_the_value_hold()
    {
        var name = JsonSerializer.Serialize("a\nb\u001b[31m\u2028c");

        Assert.All(
            Settings.With($$"""{{{name}}:1,"AccessLog":{{name}}}""").Lines(),
            line => Assert.DoesNotContain(line, c => char.IsControl(c) || c == '\u2028'));
    }
}
