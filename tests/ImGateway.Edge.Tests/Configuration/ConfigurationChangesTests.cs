using System.Net;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Configuration.Reading;
using Microsoft.Extensions.Configuration;

namespace ImGateway.Edge.Tests.Configuration;

public sealed class ConfigurationChangesTests
{
    static readonly EdgeOptions Old = new()
    {
        Hosts = [HostName.Parse("a.test"), HostName.Parse("b.test")],
        Upstreams = [new Uri("http://127.0.0.1:1")],
    };

    [Fact]
    public void Equal_configurations_do_not_differ() =>
        Assert.Empty(Between(Old with { Hosts = [HostName.Parse("a.test"), HostName.Parse("b.test")], Limits = new LimitsSection() }));

    [Fact]
    public void A_value_is_logged_before_and_after() =>
        Assert.Equal(["Edge:Limits:UrlBytes: 8192 → 4096"], Between(Old with { Limits = new LimitsSection { UrlBytes = 4096 } }));

    [Fact]
    public void A_list_is_logged_by_what_was_added_and_removed() =>
        Assert.Equal(["Edge:Hosts: + c.test, - a.test"], Between(Old with { Hosts = [HostName.Parse("b.test"), HostName.Parse("c.test")] }));

    [Fact]
    public void The_order_of_a_list_counts() =>
        Assert.Equal(["Edge:Hosts: in another order"], Between(Old with { Hosts = [HostName.Parse("b.test"), HostName.Parse("a.test")] }));

    [Fact]
    public void A_setting_that_was_not_there_is_logged() =>
        Assert.Equal(["Edge:Acme:Email: (none) → ops@a.test"], Between(Old with { Acme = new AcmeSection { Email = "ops@a.test" } }));

    [Fact]
    public void Another_password_is_a_change_and_is_not_logged()
    {
        var change = Assert.Single(ConfigurationChanges.Between(With("secret one"), With("secret two"))).ToString();

        Assert.DoesNotContain("secret", change, StringComparison.Ordinal);
        Assert.EndsWith("Password: changed", change, StringComparison.Ordinal);
        Assert.Empty(ConfigurationChanges.Between(With("same"), With("same")));

        static EdgeOptions With(string password) =>
            Old with { Certificates = new CertificatesSection { Files = [new CertificateFile { Certificate = "im.pfx", Password = new Secret(password) }] } };
    }

    [Fact]
    public void A_librarys_section_is_logged_by_its_keys_alone() => Assert.Equal(
        ["ReverseProxy:Clusters:gateway:LoadBalancingPolicy: changed"],
        ConfigurationChanges.Between(
            Section("ReverseProxy:Clusters:gateway:LoadBalancingPolicy", "Random"),
            Section("ReverseProxy:Clusters:gateway:LoadBalancingPolicy", "RoundRobin"),
            "ReverseProxy").Select(change => change.ToString()));

    [Fact]
    public void What_needs_a_restart_waits_and_the_rest_is_taken_in()
    {
        var next = Old with
        {
            DataDirectory = "elsewhere",
            Listen = new ListenSection { Https = [new(IPAddress.Loopback, 8443)] },
            Tls = new TlsSection { Policy = TlsPolicy.Modern, HandshakeTimeout = TimeSpan.FromSeconds(3), UnknownNames = UnknownNames.Default },
            AccessLog = false,
        };

        var kept = RestartSettings.Keep(Old, next);

        Assert.Equal(["Edge:AccessLog: true → false", "Edge:Tls:UnknownNames: Reject → Default"], Between(kept).Order(StringComparer.Ordinal));
        Assert.Equal(
            [
                "Edge:DataDirectory: changed, but takes effect at the next start only; restart imgw",
                "Edge:Listen:Https: changed, but takes effect at the next start only; restart imgw",
                "Edge:Tls:HandshakeTimeout: changed, but takes effect at the next start only; restart imgw",
                "Edge:Tls:Policy: changed, but takes effect at the next start only; restart imgw",
            ],
            RestartSettings.Warnings(Old, next).Order(StringComparer.Ordinal));
        Assert.Equal(
            ["Serilog: changed, but takes effect at the next start only; restart imgw"],
            RestartSettings.Warnings(Section("Serilog:MinimumLevel", "Debug"), Section("Serilog:MinimumLevel", "Warning")));
    }

    static IEnumerable<string> Between(EdgeOptions next) => ConfigurationChanges.Between(Old, next).Select(change => change.ToString());

    static IConfigurationRoot Section(string key, string value) =>
        new ConfigurationBuilder().AddInMemoryCollection([KeyValuePair.Create(key, (string?)value)]).Build();
}
