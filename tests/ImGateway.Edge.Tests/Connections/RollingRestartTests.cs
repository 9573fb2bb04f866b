using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using ImGateway.Edge.Tests.Tls;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Connections;

/// <summary>Upgrades as they are done in production: a new edge on the same sockets, then the old one ends. Two rounds, or IMGW_ROLLING_ROUNDS.</summary>
public sealed class RollingRestartTests(TlsFixture tls)
{
    static readonly int Rounds = int.Parse(Environment.GetEnvironmentVariable("IMGW_ROLLING_ROUNDS") ?? "2", CultureInfo.InvariantCulture);

    [Fact]
    public async Task No_client_that_connects_during_restarts_is_refused_or_left_without_a_response()
    {
        await using var supervisor = await SocketSupervisor.StartAsync(tls.Setup(TestedEngines.Default), "https=127.0.0.1:0", "http=127.0.0.1:0");
        var running = await supervisor.StartEdgeAsync();
        using var over = new CancellationTokenSource();
        var failures = new ConcurrentQueue<string>();
        var load = Enumerable.Range(0, 4).Select(_ => Task.Run(() => AskAsync(new EdgeClient(supervisor.Socket(0), tls.Root.Certificate), failures, over.Token))).ToArray();

        for (var round = 0; round < Rounds; round++)
        {
            var next = await supervisor.StartEdgeAsync();
            await supervisor.TerminateAsync(running);
            Assert.Equal(0, await supervisor.WaitForExitAsync(running));
            running = next;
        }

        await over.CancelAsync();
        var served = (await Task.WhenAll(load)).Sum();
        TestContext.Current.SendDiagnosticMessage($"{Rounds} restarts, {served} requests, each on a connection of its own, {failures.Count} failures");
        Assert.Empty(failures);
        Assert.True(served > Rounds, "there was no load");
    }

    static async Task<int> AskAsync(EdgeClient client, ConcurrentQueue<string> failures, CancellationToken over)
    {
        var served = 0;
        while (!over.IsCancellationRequested)
        {
            try
            {
                using var answer = await client.GetAsync(TlsFixture.Gateway, "/api");
                if (answer.StatusCode != HttpStatusCode.OK) failures.Enqueue($"{answer.StatusCode}");
                served++;
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
            {
                failures.Enqueue(e.ToString());
            }
        }

        return served;
    }
}
