using System.Net;
using ARSoft.Tools.Net;
using ARSoft.Tools.Net.Dns;
using CsCheck;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Operations.Doctor;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Operations.Doctor;

public sealed class ResolverTests : IDisposable
{
    readonly DnsZones _zones = new();

    static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _zones.Dispose();

    [Fact]
    public async Task Records_are_read_as_they_were_sent_also_behind_an_alias()
    {
        _zones.Add("example.test", "@ CAA 128 issue \"letsencrypt.org; validationmethods=dns-01\"", "alias CNAME other", "other CAA 0 Iodef \"mailto:a@example.test\"", $"text TXT \"{new string('a', 200)}\" \"b\"");
        await using var server = await NameServer.StartAsync(_zones);
        var dns = Of(server.Address);

        Assert.Equal(new CaaRecord(true, "issue", "letsencrypt.org; validationmethods=dns-01"), CaaRecord.Of(Assert.Single(await CaaAsync("example.test"))));
        Assert.Equal(new CaaRecord(false, "iodef", "mailto:a@example.test"), CaaRecord.Of(Assert.Single(await CaaAsync("alias.example.test"))));
        Assert.Empty(await CaaAsync("none.example.test"));
        Assert.Equal(new string('a', 200) + "b", string.Concat(Assert.Single(await dns.QueryAsync<TxtRecord>("text.example.test", RecordType.Txt, Cancelled)).TextParts));

        Task<IReadOnlyList<CAARecord>> CaaAsync(string name) => dns.QueryAsync<CAARecord>(name, RecordType.CAA, Cancelled);
    }

    [Theory]
    [InlineData("im.sound.test", FindingStatus.Ok, "signed, and validated here")]
    [InlineData("none.sound.test", FindingStatus.Ok, "signed, and validated here")]
    [InlineData("*.sound.test", FindingStatus.Ok, "signed, and validated here")]
    [InlineData("im.plain.test", FindingStatus.Ok, "not signed")]
    [InlineData("im.broken.test", FindingStatus.Fail, "A of im.broken.test fails validation")]
    [InlineData("im.expired.test", FindingStatus.Fail, "A of im.expired.test fails validation")]
    [InlineData("none.expired.test", FindingStatus.Fail, "A of none.expired.test fails validation")]
    [InlineData("im.stripped.test", FindingStatus.Fail, "A of im.stripped.test fails validation")]
    public async Task Signatures_are_validated_here_where_the_name_servers_do_not(string host, object status, string what)
    {
        await _zones.AddSignedAsync("sound.test", expired: false, "im A 127.0.0.1", "im AAAA ::1", "im CAA 0 issue \";\"");
        await _zones.AddSignedAsync("broken.test", expired: false, "im A 127.0.0.1");
        await _zones.AddSignedAsync("expired.test", expired: true, "im A 127.0.0.1");
        await _zones.AddSignedAsync("stripped.test", expired: false, "im A 127.0.0.1");
        _zones.Add("plain.test", "im A 127.0.0.1");
        await _zones.AddRootAsync();
        _zones.Replace("broken.test", "127.0.0.1", "127.0.0.2");
        // Its registrar has a DS record, and its name server no signatures.
        _zones.Add("stripped.test", "im A 127.0.0.1");
        await using var server = await NameServer.StartAsync(_zones);

        var found = Assert.Single(await DnssecCheck.CheckAsync(HostName.Parse(host), Of(server.Address, Anchor()), Cancelled));

        Assert.Equal(("dnssec", status), (found.Check, (object)found.Status));
        Assert.StartsWith($"{host}: {what}", found.What, StringComparison.Ordinal);
        Assert.Equal(found.Status is FindingStatus.Ok, found.Remedy is null);
    }

    [Fact]
    public async Task Without_signatures_from_the_root_nothing_is_judged_and_without_an_answer_it_is_said()
    {
        _zones.Add("plain.test", "im A 127.0.0.1");
        _zones.Add("", "plain.test. NS ns.plain.test.");
        await using var server = await NameServer.StartAsync(_zones);
        var nowhere = new IPEndPoint(IPAddress.Loopback, FreePort.Next());

        var plain = Assert.Single(await DnssecCheck.CheckAsync(HostName.Parse("im.plain.test"), Of(server.Address), Cancelled));
        var none = Assert.Single(await DnssecCheck.CheckAsync(HostName.Parse("im.plain.test"), Of(nowhere), Cancelled));

        Assert.Equal(FindingStatus.Ok, plain.Status);
        plain.What.AssertSays("im.plain.test: not judged", "name servers", "no signatures");
        Assert.Equal(FindingStatus.Warn, none.Status);
        none.What.AssertSays("im.plain.test: ", $"{nowhere} ", "(Connection refused)");
    }

    [Fact]
    public async Task A_server_that_fails_is_passed_over()
    {
        _zones.Add("example.test", "@ CAA 0 issue \";\"");
        await using var server = await NameServer.StartAsync(_zones);
        await using var failing = new DnsServer((_, question) => DnsServer.Answer(question, 2));
        var nowhere = new IPEndPoint(IPAddress.Loopback, FreePort.Next());

        Assert.Single(await new Resolver([nowhere, failing.EndPoint, server.Address], TimeProvider.System, RootTrustAnchors.OfIana).QueryAsync<CAARecord>("example.test", RecordType.CAA, Cancelled));
        var refused = await Assert.ThrowsAsync<DnsException>(() => Of(failing.EndPoint).QueryAsync<CAARecord>("example.test", RecordType.CAA, Cancelled));
        Assert.Contains("ServerFailure", refused.Message, StringComparison.Ordinal);
    }

    public static TheoryData<string> Hostile => ["short", "question", "error", "truncated", "other question", "other identity", "no question", "cut", "endless count", "length beyond", "label beyond", "endless pointer"];

    [Theory, MemberData(nameof(Hostile))]
    public async Task A_hostile_answer_is_one_reason(string kind)
    {
        await using var server = new DnsServer((_, question) =>
        {
            var answer = DnsServer.Answer(question, 0, DnsServer.Caa(0, "issue", "ca.example"));
            var record = DnsServer.EndOf(question);
            switch (kind)
            {
                case "short": return answer[..6];
                case "question": return question;
                case "error": answer[3] |= 5; return answer;
                case "truncated": answer[2] |= 2; return answer;
                case "other question": answer[13] ^= 1; return answer;
                case "other identity": answer[0] ^= 1; return answer;
                case "no question": answer[5] = 0; return answer;
                case "cut": return answer[..^1];
                case "endless count": answer[6] = answer[7] = 0xff; return answer;
                case "length beyond": answer[record + 10] = 0xff; return answer;
                case "endless pointer": answer[record] = 0xc0; answer[record + 1] = (byte)record; return answer;
                default: answer[record] = 0x7f; return answer;
            }
        });

        var refused = await Assert.ThrowsAsync<DnsException>(() => Of(server.EndPoint).QueryAsync<CAARecord>("example.com", RecordType.CAA, Cancelled));

        Assert.Equal(refused.Message, SingleLine.Escape(refused.Message));
        if (kind is not "error") Assert.StartsWith($"{server.EndPoint} ", refused.Message);
    }

    [Fact]
    public async Task No_bytes_make_it_fail_otherwise()
    {
        var bytes = Array.Empty<byte>();
        await using var server = new DnsServer((_, question) => [.. DnsServer.Answer(question, 0)[..DnsServer.EndOf(question)], .. bytes]);
        var dns = Of(server.EndPoint);
        await Gen.Byte.Array[0, 60].SampleAsync(
            async garbage =>
            {
                // A record of the kind that was asked for, or anything.
                bytes = garbage.Length % 2 == 0 ? garbage : [0xc0, 12, 1, 1, 0, 1, 0, 0, 0, 60, 0, (byte)garbage.Length, .. garbage];
                try
                {
                    _ = (await dns.QueryAsync<CAARecord>("a.example", RecordType.CAA, Cancelled)).Select(CaaRecord.Of).ToList();
                }
                catch (DnsException)
                {
                    // The one way to say no.
                }
            },
            iter: 100,
            threads: 1);
    }

    [Fact]
    public void Name_servers_are_those_of_the_file_with_or_without_a_port()
    {
        using var directory = new TemporaryDirectory();
        File.WriteAllText(directory["resolv.conf"], "#nameserver 9.9.9.9\nnameserver 192.0.2.1\nnameserver\t[2001:db8::1]:5353\nnameserver nonsense\nnameserver [::1\n");

        Assert.Equal(["192.0.2.1:53", "[2001:db8::1]:5353"], NameServers.In(directory["resolv.conf"]).Select(server => server.ToString()));
        Assert.Equal([new IPEndPoint(IPAddress.Loopback, 53)], NameServers.In(directory["none"]));
    }

    RootTrustAnchors Anchor() => _zones.RootAnchor.Split(' ') is [var tag, var algorithm, var type, var digest]
        ? new RootTrustAnchors([new DsRecord(
            DomainName.Root, RecordClass.INet, 0, ushort.Parse(tag, null), (DnsSecAlgorithm)byte.Parse(algorithm, null), (DnsSecDigestType)byte.Parse(type, null), Convert.FromHexString(digest.Trim('"')))])
        : throw new InvalidOperationException(_zones.RootAnchor);

    static Resolver Of(IPEndPoint server, RootTrustAnchors? keys = null) => new([server], TimeProvider.System, keys ?? RootTrustAnchors.OfIana);
}
