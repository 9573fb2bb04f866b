using ImGateway.Edge.Challenges;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tests.Proxying;

namespace ImGateway.Edge.Tests.Challenges;

public sealed class ChallengesRegistrationTests
{
    [Fact]
    public async Task Responders_come_in_the_configured_order()
    {
        string[] order = ["dns-persist-01", "dns-01", "tls-alpn-01", "http-01"];
        await using var edge = await ProxyHost.StartAsync(
            ProxyHost.Options(new Uri("http://127.0.0.1:9")) with { Acme = new AcmeSection { Challenges = order } });

        Assert.Equal(order, edge.Challenges.Select(responder => responder.Type));
        Assert.Equal(ChallengeTypes.All.Order(), order.Order());
    }

    [Theory]
    [InlineData("gateway.test", "_validation-persist.gateway.test. IN TXT \"ca.test; accounturi=https://ca.test/acct/1\"")]
    [InlineData("*.gateway.test", "_validation-persist.gateway.test. IN TXT \"ca.test; accounturi=https://ca.test/acct/1; policy=wildcard\"")]
    public void The_persistent_record_names_the_CA_and_the_account(string host, string record) =>
        Assert.Equal(record, DnsPersist.RecordFor(HostName.Parse(host), "ca.test", new Uri("https://ca.test/acct/1")).ToString());
}
