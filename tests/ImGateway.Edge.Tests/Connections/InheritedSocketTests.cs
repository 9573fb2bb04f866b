using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using ImGateway.Edge.Tests.Tls;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Connections;

public sealed class InheritedSocketTests(TlsFixture tls)
{
    const int CloseOnExec = 0x80000;

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public async Task Of_two_edges_with_the_same_sockets_one_stops_and_the_other_goes_on(TestedEngine engine)
    {
        await using var supervisor = await SocketSupervisor.StartAsync(tls.Setup(engine), "https=127.0.0.1:0", "http=127.0.0.1:0");
        var first = await supervisor.StartEdgeAsync();
        var second = await supervisor.StartEdgeAsync();
        Assert.Contains($"Listening Https {supervisor.Socket(0)}", supervisor.Output(first), StringComparison.Ordinal);
        Assert.Contains($"Listening Http {supervisor.Socket(1)}", supervisor.Output(second), StringComparison.Ordinal);
        var client = new EdgeClient(supervisor.Socket(0), tls.Root.Certificate);

        await supervisor.TerminateAsync(first);
        var stopping = supervisor.WaitForExitAsync(first);
        var served = 0;
        while (!stopping.IsCompleted || served < 20)
        {
            using var answer = await client.GetAsync(TlsFixture.Gateway, "/api");
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            served++;
        }

        Assert.Equal(0, await stopping);
        // A killed process runs no handler.
        var third = await supervisor.StartEdgeAsync();
        await supervisor.KillAsync(second);
        await supervisor.WaitForExitAsync(second);
        using var last = await client.GetAsync(TlsFixture.Gateway, "/api");
        Assert.Equal(HttpStatusCode.OK, last.StatusCode);
        Assert.DoesNotContain("\"@l\":\"Error\"", supervisor.Output(third), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sockets_without_a_name_are_found_by_address_and_are_not_for_programs_that_the_edge_starts()
    {
        var (ipv4, ipv6, plain) = (FreePort.Next(), FreePort.Next(), FreePort.Next());
        var setup = tls.Setup(TestedEngines.Default) with
        {
            Settings = new Dictionary<string, JsonNode?>
            {
                ["Listen:Https"] = new JsonArray($"127.0.0.1:{ipv4}", $"[::1]:{ipv6}"),
                ["Listen:Http"] = new JsonArray($"127.0.0.1:{plain}"),
            },
        };
        await using var supervisor = await SocketSupervisor.StartAsync(setup, $"-=[::1]:{ipv6}", $"-=127.0.0.1:{ipv4}");
        var edge = await supervisor.StartEdgeAsync();

        foreach (var address in (string[])[$"Https 127.0.0.1:{ipv4}", $"Https [::1]:{ipv6}", $"Http 127.0.0.1:{plain}"])
            Assert.Contains($"Listening {address}", supervisor.Output(edge), StringComparison.Ordinal);
        foreach (var server in (IPEndPoint[])[new(IPAddress.Loopback, ipv4), new(IPAddress.IPv6Loopback, ipv6)])
        {
            using var answer = await new EdgeClient(server, tls.Root.Certificate).GetAsync(TlsFixture.Gateway, "/api");
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        foreach (var descriptor in (int[])[3, 4])
        {
            var flags = (await File.ReadAllLinesAsync($"/proc/{supervisor.ProcessId(edge)}/fdinfo/{descriptor}", TestContext.Current.CancellationToken))
                .Single(line => line.StartsWith("flags:", StringComparison.Ordinal))[6..].Trim();
            Assert.Equal(CloseOnExec, Convert.ToInt32(flags, 8) & CloseOnExec);
        }

        var doctor = await EdgeVerb.RunAsync("doctor", "--json", "--config", supervisor.ConfigFile);
        var ports = JsonNode.Parse(doctor.Output)!.AsArray().Where(finding => (string?)finding!["check"] == "listen").Select(finding => finding!.ToString()).ToList();
        Assert.Contains(ports, finding => finding.Contains(ipv4.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal) && finding.Contains("an edge runs", StringComparison.Ordinal));
        Assert.DoesNotContain(ports, finding => finding.Contains("another program", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_socket_for_which_there_is_no_listener_keeps_the_edge_from_starting()
    {
        await using var supervisor = await SocketSupervisor.StartAsync(tls.Setup(TestedEngines.Default), "gateway=127.0.0.1:0");

        var edge = await supervisor.StartUntilExitOrListeningAsync();

        Assert.Equal(1, await supervisor.WaitForExitAsync(edge));
        Assert.Equal(
            $"LISTEN_FDS: descriptor 3 'gateway', {supervisor.Socket(0)}: no listener has this address; add it to Edge:Listen, name it https, http or management, or do not give it",
            supervisor.Errors(edge).Trim());
    }
}
