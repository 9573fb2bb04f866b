using ImGateway.Edge.Configuration;
using ImGateway.Edge.Operations.Doctor;

namespace ImGateway.Edge.Tests.Operations.Doctor;

public sealed class CaaRecordTests
{
    [Theory]
    [InlineData("issue letsencrypt.org", false, null)]
    [InlineData("issue LetsEncrypt.org; accounturi=https://a/1", false, null)]
    [InlineData("iodef mailto:a@example.com", false, null)]
    [InlineData("issue other.example", false, "lets issue other.example")]
    [InlineData("issue other.example|issue letsencrypt.org", false, null)]
    [InlineData("issue ;", false, "lets issue nobody")]
    [InlineData("issue letsencrypt.org", true, null)]
    [InlineData("issue letsencrypt.org|issuewild ;", true, "lets issue nobody")]
    [InlineData("issue letsencrypt.org|issuewild ;", false, null)]
    [InlineData("issuewild letsencrypt.org|issue ;", true, null)]
    [InlineData("issuewild other.example", false, null)]
    [InlineData("!tbs unknown", false, "has the critical property tbs")]
    [InlineData("!issue letsencrypt.org", false, null)]
    [InlineData("issue letsencrypt.org; validationmethods=dns-01", false, "lets letsencrypt.org issue after dns-01 alone")]
    [InlineData("issue letsencrypt.org; validationmethods=dns-01,http-01", false, null)]
    public void Properties_say_who_may_issue(string records, bool wildcard, string? why)
    {
        var forbids = CaaRecord.Forbids([.. records.Split('|').Select(Parse)], wildcard, ["letsencrypt.org"], ["http-01"]);

        if (why is null) Assert.Null(forbids);
        else Assert.StartsWith(why, forbids, StringComparison.Ordinal);

        static CaaRecord Parse(string text) => text.Split(' ', 2) is [['!', .. var tag], var value] ? new(true, tag, value) : new(false, text.Split(' ', 2)[0], text.Split(' ', 2)[1]);
    }

    [Theory]
    [InlineData("im.example.com", FindingStatus.Fail, "im.example.com: example.com lets issue other.example", "example.com. CAA 0 issue \"letsencrypt.org\"")]
    [InlineData("*.example.com", FindingStatus.Ok, "*.example.com: example.com lets ca.test issue", null)]
    [InlineData("a.b.other.com", FindingStatus.Ok, "a.b.other.com: no CAA records", null)]
    [InlineData("silent.com", FindingStatus.Warn, "silent.com: silent.com cannot be asked for: 127.0.0.1:", "see to the name servers")]
    [InlineData("bad.com", FindingStatus.Fail, "bad.com: bad.com cannot be asked for: 127.0.0.1:", "answer questions for CAA")]
    public async Task The_nearest_name_with_records_decides(string host, object status, string what, string? remedy)
    {
        await using var server = new DnsServer((name, question) => name switch
        {
            "example.com" => DnsServer.Answer(question, 0, DnsServer.Caa(0, "issue", "other.example"), DnsServer.Caa(0, "issuewild", "letsencrypt.org")),
            "com" => DnsServer.Answer(question, 0),
            "bad.com" => DnsServer.TypeOf(question) == 257 ? DnsServer.Answer(question, 0, [0, 5, 1]) : DnsServer.Answer(question, 0),
            "silent.com" => null,
            _ => DnsServer.Answer(question, 3),
        });
        var dns = new Resolver([server.EndPoint], TimeProvider.System, RootTrustAnchors.OfIana);

        var found = Assert.Single(await CaaRecordCheck.CheckAsync(HostName.Parse(host), ["http-01"], "ca.test", ["letsencrypt.org"], dns, TestContext.Current.CancellationToken));

        Assert.Equal(status, found.Status);
        Assert.StartsWith(what, found.What, StringComparison.Ordinal);
        if (remedy is null) Assert.Null(found.Remedy);
        else Assert.Contains(remedy, found.Remedy, StringComparison.Ordinal);
    }
}
