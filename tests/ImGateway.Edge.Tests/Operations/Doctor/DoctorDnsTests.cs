using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text.Json.Nodes;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Operations.Doctor;

/// <summary>What <c>doctor</c> finds out from BIND 9 about zones that a CA could not issue for.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class DoctorDnsTests : IDisposable
{
    readonly TemporaryDirectory _directory = new();
    readonly DnsZones _zones = new();

    public void Dispose()
    {
        _directory.Dispose();
        _zones.Dispose();
    }

    [Fact]
    public async Task A_zone_whose_signatures_a_validating_resolver_refuses_fails_and_a_sound_one_does_not()
    {
        await _zones.AddSignedAsync("broken.test", expired: false, "im A 127.0.0.1");
        await _zones.AddSignedAsync("sound.test", expired: false, "im A 127.0.0.1");
        await _zones.AddRootAsync();
        _zones.Replace("broken.test", "127.0.0.1", "127.0.0.2");
        await using var server = await NameServer.StartAsync(_zones);
        await using var resolver = await NameServer.StartResolverAsync(server.Address, _zones);

        var (exitCode, findings) = await DoctorRun.OfAsync(Setup("im.broken.test", "im.sound.test"), resolver.ResolverFile);

        Assert.Equal(1, exitCode);
        Assert.Contains(findings, finding => finding is ("dnssec", "fail", var what, var remedy) && what.StartsWith("im.broken.test: ", StringComparison.Ordinal) && remedy.Contains("DS", StringComparison.Ordinal));
        Assert.Contains(findings, finding => finding is ("dnssec", "ok", "im.sound.test: signed, and the name servers of this machine have validated it", ""));
    }

    [Fact]
    public async Task Records_that_do_not_fit_into_a_datagram_are_read_over_TCP_and_where_that_is_closed_it_is_said()
    {
        _zones.Add("long.test", [.. Enumerable.Range(0, 80).Select(i => $"@ CAA 0 issue \"ca{i}.example\"")]);
        await using var server = await NameServer.StartAsync(_zones);
        await using var datagrams = new DnsServer((_, question) => Ask(server.Address, question));

        var (_, open) = await DoctorRun.OfAsync(Setup("im.long.test"), server.ResolverFile);
        var (_, closed) = await DoctorRun.OfAsync(Setup("im.long.test"), datagrams.ResolverFile);

        Assert.Contains(open, finding => finding is ("caa", "warn", var what, _) && what.Contains("long.test lets issue ca", StringComparison.Ordinal) && what.Contains("ca79.example", StringComparison.Ordinal));
        Assert.Contains(closed, finding => finding is ("caa", not "ok", var what, var remedy)
            && what.Contains("long.test ", StringComparison.Ordinal) && what.Contains($"{datagrams.EndPoint} ", StringComparison.Ordinal) && what.Contains("TCP", StringComparison.Ordinal)
            && remedy.Length > 0);
    }

    [Fact]
    public async Task A_name_server_that_answers_all_but_CAA_fails()
    {
        _zones.Add("silent.test", "im A 127.0.0.1");
        await using var server = await NameServer.StartAsync(_zones);
        // As name servers did that knew no CAA, and some devices in front of them do.
        await using var old = new DnsServer((_, question) => DnsServer.TypeOf(question) == 257 ? null : Ask(server.Address, question));

        var (exitCode, findings) = await DoctorRun.OfAsync(Setup("im.silent.test"), old.ResolverFile);

        Assert.Equal(1, exitCode);
        Assert.Contains(findings, finding => finding is ("caa", "fail", var what, var remedy)
            && what.Contains($"im.silent.test cannot be asked for: {old.EndPoint} does not answer", StringComparison.Ordinal) && what.Contains("addresses", StringComparison.Ordinal)
            && remedy.Contains("CAA", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Addresses_are_those_of_the_name_servers_and_a_hosts_file_is_named_as_such()
    {
        _zones.Add("known.test", "im A 192.0.2.7", "im AAAA 2001:db8::7", "alias CNAME im");
        _zones.Add("localhost", "other A 127.0.0.1");
        await using var server = await NameServer.StartAsync(_zones);

        var (_, findings) = await DoctorRun.OfAsync(Setup("im.known.test", "alias.known.test", "none.known.test", "localhost"), server.ResolverFile);

        Assert.Contains(findings, finding => finding is ("dns", "ok", var what, "") && what.StartsWith("im.known.test: 192.0.2.7, 2001:db8::7, not all of this machine", StringComparison.Ordinal));
        Assert.Contains(findings, finding => finding is ("dns", "ok", var what, "") && what.StartsWith("alias.known.test: 192.0.2.7, 2001:db8::7", StringComparison.Ordinal));
        Assert.Contains(findings, finding => finding is ("dns", "fail", var what, var remedy) && what.StartsWith("none.known.test: has no address", StringComparison.Ordinal) && remedy.Length > 0);
        Assert.Contains(findings, finding => finding is ("dns", "warn", var what, var remedy) && what.StartsWith("localhost: ", StringComparison.Ordinal)
            && what.Contains("of this machine's own files alone", StringComparison.Ordinal) && remedy.Contains("A and AAAA", StringComparison.Ordinal));
    }

    string Setup(params string[] hosts) => new EdgeSetup
    {
        Hosts = hosts,
        Settings = new Dictionary<string, JsonNode?>
        {
            ["DataDirectory"] = _directory["data"], ["Certificates:Source"] = "Acme", ["Acme:Directory"] = "https://127.0.0.1:1/directory", ["Acme:AcceptTermsOfService"] = true,
        },
    }.WriteTo(_directory.Path);

    /// <summary>What BIND says by UDP; the server that stands in for it has no TCP.</summary>
    static byte[]? Ask(IPEndPoint server, byte[] question)
    {
        using var socket = new UdpClient();
        socket.Client.ReceiveTimeout = 5_000;
        socket.Connect(server);
        socket.Send(question);
        IPEndPoint? from = null;
        return socket.Receive(ref from);
    }
}
