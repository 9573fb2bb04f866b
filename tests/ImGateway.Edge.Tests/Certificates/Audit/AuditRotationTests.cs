using System.Net.Http.Json;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text.Json.Nodes;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Certificates.Audit;

/// <summary>The audit log of an edge that runs for long.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class AuditRotationTests
{
    const int MaxBytes = 4096, Keep = 2;

    [Fact]
    public async Task The_audit_log_of_a_running_edge_is_bounded_and_what_is_kept_can_be_read()
    {
        await using var edge = await EdgeProcess.StartAsync(new EdgeSetup
        {
            Hosts = ["gateway.test"],
            Settings = new Dictionary<string, JsonNode?> { ["Audit:MaxBytes"] = MaxBytes, ["Audit:Keep"] = Keep },
        });
        var data = Path.Combine(edge.Directory, "data");
        using var control = Control(Path.Combine(data, "control.sock"));
        using (var renewed = await control.PostAsJsonAsync("/certificates/gateway.test/renew", new { force = true, staging = false })) renewed.EnsureSuccessStatusCode();

        // Some 350 bytes each.
        for (var i = 0; i < 60; i++)
        {
            using var back = await control.PostAsync("/certificates/gateway.test/rollback", content: null);
            back.EnsureSuccessStatusCode();
        }

        var files = Directory.GetFiles(data, "audit*").Order(StringComparer.Ordinal).ToList();
        Assert.All(files, file => Assert.InRange(new FileInfo(file).Length, 1, MaxBytes));
        Assert.Equal(Keep + 1, files.Count);
        Assert.All(files, file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file)));
        var lines = files.Sum(file => File.ReadLines(file).Count());
        var read = JsonNode.Parse((await EdgeVerb.RunAsync("audit", "--json", "--name", "gateway.test", "--config", edge.ConfigFile)).Output)!.AsArray();
        Assert.Equal(lines, read.Count);
        Assert.All(read, entry => Assert.Equal("rolledBack", (string?)entry!["action"]));
    }

    static HttpClient Control(string path) => new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, cancellationToken) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        },
    })
    {
        BaseAddress = new Uri("http://imgw"),
    };
}
