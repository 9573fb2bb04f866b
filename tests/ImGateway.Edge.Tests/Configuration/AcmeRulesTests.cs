using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Tests.Configuration;

public sealed class AcmeRulesTests
{
    [Fact]
    public void Source_and_consent_are_enough() => Acme("{}").Options();

    [Theory]
    [InlineData("""{"AcceptTermsOfService":false}""", "Edge:Acme:AcceptTermsOfService", "https://letsencrypt.org/repository/")]
    [InlineData("""{"AcceptTermsOfService":false,"Directory":"https://ca.corp.example/acme"}""", "Edge:Acme:AcceptTermsOfService", "termsOfService")]
    [InlineData("""{"Directory":"letsencript"}""", "Edge:Acme:Directory", "'letsencript' is no CA", "letsencrypt-staging, zerossl")]
    [InlineData("""{"Directory":"http://ca.corp.example/acme"}""", "Edge:Acme:Directory", "https URL")]
    [InlineData("""{"Directory":"https://user:secret@ca.corp.example/acme"}""", "Edge:Acme:Directory", "the value is no CA")]
    [InlineData("""{"Email":"nobody"}""", "Edge:Acme:Email", "no mail address")]
    [InlineData("""{"Email":"a@b"}""", "Edge:Acme:Email", "no mail address")]
    [InlineData("""{"Email":"a,b@example.com"}""", "Edge:Acme:Email", "no mail address")]
    [InlineData("""{"Directory":"zerossl"}""", "Edge:Acme:ExternalAccount:KeyId", "is required", "ZeroSSL")]
    [InlineData("""{"ExternalAccount":{"KeyId":"k"}}""", "Edge:Acme:ExternalAccount:HmacKeyFile", "is required")]
    [InlineData("""{"ExternalAccount":{"HmacKeyFile":"f"}}""", "Edge:Acme:ExternalAccount:KeyId", "is required")]
    [InlineData("""{"Challenges":[]}""", "Edge:Acme:Challenges", "nothing could be proved")]
    [InlineData("""{"Challenges":["http-02"]}""", "Edge:Acme:Challenges:0", "'http-02' is no challenge", "dns-persist-01")]
    [InlineData("""{"Challenges":["http-01","http-01"]}""", "Edge:Acme:Challenges:1", "listed twice")]
    [InlineData("""{"Challenges":["dns-01"]}""", "Edge:Acme:DnsHook", "is required")]
    [InlineData("""{"DnsHook":"/usr/local/bin/dns"}""", "Edge:Acme:DnsHook", "would never be run")]
    [InlineData("""{"RenewAt":1}""", "Edge:Acme:RenewAt", "out of range")]
    [InlineData("""{"RenewAt":"-0.1"}""", "Edge:Acme:RenewAt", "not a number")]
    [InlineData("""{"TrustedRootsFile":""}""", "Edge:Acme:TrustedRootsFile", "is empty")]
    [InlineData("""{"Profile":" "}""", "Edge:Acme:Profile", "is empty")]
    [InlineData("""{"PreferredChain":"a\u0007"}""", "Edge:Acme:PreferredChain", "control characters")]
    public void A_mistake_is_one_line_with_key_fault_and_remedy(string acme, string key, params string[] words) => Acme(acme).HasOnly(key, words);

    [Theory]
    [InlineData("*.example.com", "{}", "wildcard", "dns-01")]
    [InlineData("192.0.2.1", """{"Challenges":["dns-01"],"DnsHook":"/bin/dns"}""", "address", "tls-alpn-01")]
    [InlineData("192.0.2.1", "{}", "shortlived")]
    [InlineData("localhost", "{}", "public Internet")]
    [InlineData("gateway", "{}", "public Internet")]
    [InlineData("im.local", "{}", "public Internet")]
    [InlineData("im.test", """{"Directory":"https://acme-v02.api.letsencrypt.org/directory"}""", "public Internet")]
    [InlineData("10.1.2.3", """{"Profile":"shortlived"}""", "public Internet", "Edge:Certificates:Files")]
    [InlineData("fd00::1", """{"Profile":"shortlived"}""", "public Internet")]
    public void A_host_that_no_certificate_can_be_had_for_is_named(string host, string acme, params string[] words) =>
        Acme(acme, $$"""{"Hosts":["im.example.com","{{host}}"]}""").HasOnly("Edge:Hosts:1", words);

    [Theory]
    [InlineData("*.example.com", """{"Challenges":["http-01","dns-01"],"DnsHook":"/bin/dns"}""")]
    [InlineData("*.example.com", """{"Challenges":["dns-persist-01"]}""")]
    [InlineData("192.0.2.1", """{"Profile":"shortlived"}""")]
    [InlineData("localhost", """{"Directory":"https://localhost:14000/dir"}""")]
    [InlineData("10.1.2.3", """{"Directory":"https://ca.corp.test/acme","TrustedRootsFile":"roots.pem"}""")]
    [InlineData("im.example.com", """{"Directory":"ZeroSSL","ExternalAccount":{"KeyId":"k","HmacKeyFile":"f"},"Email":"ops@example.com","RenewAt":0.5}""")]
    public void What_can_be_had_is_fine(string host, string acme) => Acme(acme, $$"""{"Hosts":["{{host}}"]}""").Options();

    [Fact]
    public void A_challenge_needs_its_listener()
    {
        Acme("{}", """{"Listen":{"Http":[]}}""").HasOnly("Edge:Acme:Challenges:0", "Edge:Listen:Http, which is empty");
        Acme("{}", """{"Listen":{"Https":[]}}""").HasOnly("Edge:Acme:Challenges:1", "Edge:Listen:Https, which is empty");
        Acme("""{"Challenges":["tls-alpn-01"]}""", """{"Listen":{"Http":[]}}""").Options();
    }

    [Fact]
    public void All_mistakes_are_reported_at_once() => Assert.Equal(
        [
            "Edge:Acme:AcceptTermsOfService", "Edge:Acme:Challenges:0", "Edge:Acme:Email", "Edge:Acme:ExternalAccount:HmacKeyFile", "Edge:Acme:RenewAt",
            "Edge:Certificates:OnChange:0",
        ],
        Acme("""{"AcceptTermsOfService":false,"Challenges":["x"],"Email":"x","RenewAt":2,"ExternalAccount":{"KeyId":"k"}}""", """{"Certificates":{"OnChange":[" "]}}""")
            .Problems.Select(problem => problem.Key).Order(StringComparer.Ordinal));

    [Fact]
    public void A_misspelled_consent_is_one_problem() =>
        Settings.Read(
            """{"Edge":{"Hosts":["im.example.com"],"Upstreams":["http://g:1"],"Certificates":{"Source":"Acme"},"Acme":{"AcceptTermOfService":true}}}""")
            .HasOnly("Edge:Acme:AcceptTermOfService", "did you mean Edge:Acme:AcceptTermsOfService?");

    [Fact]
    public void With_another_source_what_is_written_of_ACME_may_wait_for_its_day() =>
        Settings.With("""{"Acme":{"Email":"ops@example.com"},"Hosts":["localhost"],"Certificates":{"OnChange":["/bin/true","x"],"ReuseKey":true}}""").Options();

    [Fact]
    public void Hosts_beside_files_are_judged_when_the_files_have_been_read() =>
        Acme("{}", """{"Hosts":["localhost"],"Certificates":{"Files":[{"Certificate":"a.pem"}]}}""").Options();

    [Fact]
    public void Names_stand_for_the_URLs_of_their_directories()
    {
        Assert.Equal("https://acme-v02.api.letsencrypt.org/directory", AcmeDirectories.UrlOf("LetsEncrypt")?.AbsoluteUri);
        Assert.Equal("https://acme.zerossl.com/v2/DV90", AcmeDirectories.UrlOf("zerossl")?.AbsoluteUri);
        Assert.Equal("https://localhost:14000/dir", AcmeDirectories.UrlOf("https://localhost:14000/dir")?.AbsoluteUri);
        Assert.Equal("https://acme-staging-v02.api.letsencrypt.org/directory", AcmeDirectories.StagingOf("letsencrypt")?.AbsoluteUri);
        Assert.Equal(AcmeDirectories.UrlOf("letsencrypt-staging"), AcmeDirectories.StagingOf("https://acme-v02.api.letsencrypt.org/directory"));
        Assert.Null(AcmeDirectories.StagingOf("zerossl"));
    }

    /// <summary>Source Acme for im.example.com, with <paramref name="changes"/>.</summary>
    static ConfigurationResult Acme(string acme, string changes = "{}") => Settings.Read(Settings.Merged(
        """{"Edge":{"Hosts":["im.example.com"],"Upstreams":["http://gateway:8080"],"Certificates":{"Source":"Acme"},"Acme":{"AcceptTermsOfService":true}}}""",
        $$$"""{"Edge":{"Acme":{{{acme}}}}}""",
        $$$"""{"Edge":{{{changes}}}}"""));
}
