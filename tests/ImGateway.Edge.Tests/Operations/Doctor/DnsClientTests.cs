using System.Net;
using CsCheck;
using ImGateway.Edge.Operations.Doctor;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Operations.Doctor;

public sealed class DnsClientTests
{
    static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Records_are_read_as_they_were_sent()
    {
        var long255 = DnsServer.Caa(0, "issue", new string('x', 300));
        await using var server = DnsServer.With(new() { ["example.com"] = [DnsServer.Caa(128, "issue", "letsencrypt.org"), long255] });

        var records = await Client(server).AskAsync("example.com", DnsType.Caa, Cancelled);

        Assert.Equal(2, records.Count);
        Assert.Equal(new CaaRecord(true, "issue", "letsencrypt.org"), CaaRecord.Parse(records[0]));
        Assert.Equal(long255, records[1]);
        Assert.Empty(await Client(server).AskAsync("none.example.com", DnsType.Caa, Cancelled));
    }

    [Fact]
    public async Task Records_of_other_types_on_the_way_are_passed_over()
    {
        // A CNAME, owner written out, then what it leads to.
        await using var server = new DnsServer((_, question) =>
        {
            var answer = DnsServer.Answer(question, 0, DnsServer.Caa(0, "issue", "ca.example"));
            byte[] alias = [1, (byte)'a', 0, 0, 5, 0, 1, 0, 0, 0, 60, 0, 3, 1, (byte)'b', 0];
            answer[7] = 2;
            var end = question.Length - 11;
            return [.. answer[..end], .. alias, .. answer[end..]];
        });

        Assert.Equal("ca.example", CaaRecord.Parse(Assert.Single(await Client(server).AskAsync("a", DnsType.Caa, Cancelled)))!.Value);
    }

    public static TheoryData<string> Hostile => ["short", "question", "error", "truncated", "other question", "no question", "cut", "endless count", "length beyond", "label beyond"];

    [Theory, MemberData(nameof(Hostile))]
    public async Task A_hostile_answer_is_one_reason(string kind)
    {
        await using var server = new DnsServer((_, question) =>
        {
            var answer = DnsServer.Answer(question, 0, DnsServer.Caa(0, "issue", "ca.example"));
            switch (kind)
            {
                case "short": return answer[..6];
                case "question": return question;
                case "error": answer[3] |= 2; return answer;
                case "truncated": answer[2] |= 2; return answer;
                case "other question": answer[13] ^= 1; return answer;
                case "no question": answer[5] = 0; return answer;
                case "cut": return answer[..^1];
                case "endless count": answer[6] = answer[7] = 0xff; return answer;
                case "length beyond": answer[question.Length - 11 + 10] = 0xff; return answer;
                default: answer[question.Length - 11] = 0x7f; return answer;
            }
        });

        var refused = await Assert.ThrowsAsync<DnsException>(() => Client(server).AskAsync("example.com", DnsType.Caa, Cancelled));

        Assert.StartsWith($"{server.EndPoint} ", refused.Message);
    }

    [Fact]
    public async Task An_answer_to_somebody_else_is_waited_past()
    {
        await using var server = new DnsServer((_, question) =>
        {
            var answer = DnsServer.Answer(question, 0);
            answer[0] ^= 1;
            return answer;
        });
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);

        var asking = Client(server).AskAsync("example.com", DnsType.Caa, limit.Token);

        Assert.Contains("does not answer", (await Assert.ThrowsAsync<DnsException>(() => asking)).Message);
    }

    [Fact]
    public void No_bytes_make_the_parsers_fail_otherwise() => Gen.Byte.Array[0, 80].Sample(bytes =>
    {
        var question = DnsMessage.Ask(7, "a.example", DnsType.Caa);
        var answer = DnsServer.Answer(question, 0, bytes);
        Assert.Equal(bytes, Assert.Single(DnsMessage.Read(answer, question, DnsType.Caa)));
        CaaRecord.Parse(bytes);
        byte[] damaged = [.. answer.Take(question.Length - 11), .. bytes];
        try
        {
            DnsMessage.Read(damaged, question, DnsType.Caa);
        }
        catch (DnsException)
        {
            // The one way to say no.
        }
    });

    [Fact]
    public void Name_servers_are_those_of_the_file_with_or_without_a_port()
    {
        using var directory = new TemporaryDirectory();
        File.WriteAllText(directory["resolv.conf"], "#nameserver 9.9.9.9\nnameserver 192.0.2.1\nnameserver\t[2001:db8::1]:5353\nnameserver nonsense\nnameserver [::1\n");

        Assert.Equal(["192.0.2.1:53", "[2001:db8::1]:5353"], DnsClient.ServersIn(directory["resolv.conf"]).Select(server => server.ToString()));
        Assert.Equal([new IPEndPoint(IPAddress.Loopback, 53)], DnsClient.ServersIn(directory["none"]));
    }

    static DnsClient Client(DnsServer server) => new(DnsClient.ServersIn(server.ResolverFile), TimeProvider.System);
}
