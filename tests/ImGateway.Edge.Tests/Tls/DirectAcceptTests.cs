using System.Globalization;
using System.Net.Sockets;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Tls;

/// <summary>
/// The limit of descriptors is lowered under a running edge, so that its admission, which reads the limit every five seconds, does not keep it from it. On a busy
/// machine it may read the limit first, and refuses the connections itself: then that is done again.
/// </summary>
public sealed class DirectAcceptTests(TlsFixture tls)
{
    const int FreeDescriptors = 20, Silent = 400, Attempts = 10;

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Two threads in the thread pool for good, which the start of the edge keeps busy: .NET needs descriptors to start a thread, and ends the process without them. That is
    /// what the admission's reserve is for, which this test takes away.
    /// </summary>
    static readonly Dictionary<string, string> FixedThreads = new()
    {
        ["DOTNET_ThreadPool_ForceMinWorkerThreads"] = "2",
        ["DOTNET_ThreadPool_ForceMaxWorkerThreads"] = "2",
        ["DOTNET_ThreadPool_ThreadTimeoutMs"] = "-1",
    };

    [Fact]
    public async Task Without_descriptors_connections_wait_and_are_served_when_some_are_free()
    {
        await using var edge = await EdgeProcess.StartAsync(tls.Setup(TestedEngine.Direct) with { Environment = FixedThreads });
        var client = new EdgeClient(edge.Https, tls.Root.Certificate);
        (await client.GetAsync(TlsFixture.Gateway, "/health")).Dispose();
        var before = (await edge.GetMetricsAsync()).Sum("imgw_descriptors_limit");

        for (var attempt = 1; !edge.Log.Lines.Any(IsFailureToAccept); attempt++)
        {
            Assert.True(attempt <= Attempts, "the admission was first each time");
            await ExhaustAsync(edge);
        }

        using var response = await client.GetAsync(TlsFixture.Gateway, "/health");
        Assert.True(response.IsSuccessStatusCode);
        // Once a minute, however many attempts there are.
        Assert.Single(edge.Log.Lines, IsFailureToAccept);

        async Task ExhaustAsync(EdgeProcess edge)
        {
            var lowered = HighestDescriptor(edge) + FreeDescriptors;
            await LimitAsync(edge, lowered);
            var silent = Enumerable.Range(0, Silent).Select(_ => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)).ToList();
            try
            {
                foreach (var socket in silent) await ConnectAsync(socket, edge);
                await Task.WhenAny(
                    edge.WaitForLogAsync(IsFailureToAccept, Patience),
                    edge.WaitForMetricsAsync(metrics => metrics.Sum("imgw_descriptors_limit") <= lowered, Patience));
            }
            finally
            {
                silent.ForEach(socket => socket.Dispose());
            }

            // The admission may have read the lower limit since, and would refuse the next connection.
            await LimitAsync(edge, (int)before);
            await edge.WaitForMetricsAsync(metrics => metrics.Sum("imgw_descriptors_limit") >= before, Patience);
        }
    }

    static async Task ConnectAsync(Socket socket, EdgeProcess edge)
    {
        try
        {
            await socket.ConnectAsync(edge.Https, TestContext.Current.CancellationToken);
        }
        catch (SocketException)
        {
            // Refused by the admission.
        }
    }

    static bool IsFailureToAccept(LogLine line) => line.Message.Contains("cannot accept connections", StringComparison.Ordinal);

    static int HighestDescriptor(EdgeProcess edge) =>
        Directory.EnumerateFileSystemEntries($"/proc/{edge.Id}/fd").Max(file => int.Parse(Path.GetFileName(file), CultureInfo.InvariantCulture));

    static async Task LimitAsync(EdgeProcess edge, int descriptors)
    {
        var result = await ExternalTool.RunAsync("prlimit", ["--pid", $"{edge.Id}", $"--nofile={descriptors}:"]);
        Assert.True(result.ExitCode == 0, $"{result.All}\n{edge.Errors}\n{edge.Log}");
    }
}
