using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text.Json.Nodes;
using ImGateway.Edge.Operations.Control;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Operations;

/// <summary>The control socket of edges that run as processes.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class ControlSocketTests : IDisposable
{
    const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    const UnixFileMode OwnerOnlyFolder = OwnerOnly | UnixFileMode.UserExecute;
    const UnixFileMode AllUsers = OwnerOnlyFolder
        | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;
    const int UnprivilegedUser = 65534;

    static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    readonly TemporaryDirectory _directory = new();

    string Data => _directory["data"];

    string Socket => Path.Combine(Data, "control.sock");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Socket_is_private_while_the_edge_runs_and_deleted_afterwards()
    {
        await using var edge = await EdgeProcess.StartAsync(Setup(Data));

        Assert.Equal(OwnerOnly, File.GetUnixFileMode(Socket));
        Assert.Equal(OwnerOnlyFolder, File.GetUnixFileMode(Data));
        Assert.Equal(0, await edge.StopAsync(Limit));
        Assert.DoesNotContain(Directory.EnumerateFiles(Data), file => Path.GetFileName(file).Contains("ctl") || file == Socket);
    }

    [Fact]
    public async Task A_file_left_by_a_dead_process_is_replaced()
    {
        await using (var dead = await EdgeProcess.StartAsync(Setup(Data))) await dead.KillAsync();
        Assert.True(File.Exists(Socket));

        await using var edge = await EdgeProcess.StartAsync(Setup(Data));

        Assert.Equal(0, (await HealthAsync(edge)).ExitCode);
    }

    [Fact]
    public async Task A_second_edge_on_the_same_data_serves_without_and_takes_over_when_the_first_has_ended()
    {
        await using var first = await EdgeProcess.StartAsync(Setup(Data));
        await using var second = await EdgeProcess.StartAsync(Setup(Data));

        var line = await second.WaitForLogAsync(l => l.Message.StartsWith("Another imgw runs with this DataDirectory", StringComparison.Ordinal), Limit);
        Assert.Equal("Warning", line["@l"]);
        await first.StopAsync(Limit);
        await second.WaitForLogAsync(l => l.Message.StartsWith("Verbs reach this imgw by", StringComparison.Ordinal), Limit);

        Assert.Equal((0, OwnerOnly), ((await HealthAsync(second)).ExitCode, File.GetUnixFileMode(Socket)));
    }

    /// <summary>Two processes that start at the same moment may both find no listener; here the second finds none because the file has been moved.</summary>
    [Fact]
    public async Task Two_that_both_found_it_free_have_one_owner_and_the_end_of_one_leaves_the_other_its_socket()
    {
        await using var first = await EdgeProcess.StartAsync(Setup(Data));
        File.Move(Socket, Socket + ".away");
        await using var second = await EdgeProcess.StartAsync(Setup(Data));

        Assert.Equal(0, await first.StopAsync(Limit));

        using var limit = new CancellationTokenSource(Limit);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        while ((await HealthAsync(second)).ExitCode != 0) await timer.WaitForNextTickAsync(limit.Token);
    }

    [Fact]
    public async Task An_edge_that_cannot_open_it_serves_all_the_same_and_says_so()
    {
        Directory.CreateDirectory(Path.Combine(Socket, "in the way"));

        await using var edge = await EdgeProcess.StartAsync(Setup(Data));

        await edge.WaitForLogAsync(l => l["@l"] == "Error" && l.Message.Contains("control.sock cannot be opened"), Limit);
        Directory.Delete(Socket, recursive: true);
        await edge.WaitForLogAsync(l => l.Message.StartsWith("Verbs reach this imgw by", StringComparison.Ordinal), Limit);
    }

    [Fact]
    public async Task A_path_too_long_for_a_socket_is_one_line_at_start_and_in_validate()
    {
        var setup = Setup(_directory[new string('d', 108 - _directory.Path.Length)]);

        var run = await EdgeProcess.RunUntilExitAsync(setup);
        var validate = await EdgeVerb.RunAsync("validate", "--config", setup.WriteTo(_directory.Path));

        Assert.Equal((1, 1), (run.ExitCode, validate.ExitCode));
        Assert.All([run.Error, validate.Error], error => Assert.Matches(@"^Edge:DataDirectory: \S+ is \d+ bytes long, .*; choose a shorter DataDirectory\n?$", error));
    }

    [Fact]
    public async Task Other_users_are_kept_out_by_the_mode_and_where_that_is_relaxed_by_the_edge()
    {
        // Only root can run as another user; Root_and_the_own_user_may_act tests the rule without root.
        if (Environment.UserName != "root") return;
        await using var edge = await EdgeProcess.StartAsync(Setup(Data));
        foreach (var folder in (string[])[_directory.Path, edge.Directory, Data]) File.SetUnixFileMode(folder, AllUsers);

        var closed = await EdgeVerb.RunAsAsync(UnprivilegedUser, "healthcheck", "--config", edge.ConfigFile);
        File.SetUnixFileMode(Socket, AllUsers);
        var open = await EdgeVerb.RunAsAsync(UnprivilegedUser, "healthcheck", "--config", edge.ConfigFile);

        Assert.Equal((1, ""), (closed.ExitCode, closed.Output));
        Assert.Matches(@"^\S+/control\.sock: may not be opened by .*; run the verb as [^\n]+ root\n$", closed.Error);
        Assert.Equal((1, ""), (open.ExitCode, open.Output));
        Assert.Matches("^the control socket [^\n]* only the user [^\n]* root; .*\n$", open.Error);
        await edge.WaitForLogAsync(l => l["Peer"] == $"uid {UnprivilegedUser}", Limit);
    }

    [Fact]
    public void Root_and_the_own_user_may_act()
    {
        Assert.True(new ControlPeer(0).MayAct);
        Assert.False(new ControlPeer(UnprivilegedUser).MayAct);
    }

    [Fact]
    public async Task Bodies_are_bounded_and_nonsense_is_distinguished_from_imports()
    {
        await using var edge = await EdgeProcess.StartAsync(Setup(Data));
        using var client = Client();

        using var large = await client.PostAsJsonAsync("/certificates/import", new { certificate = new string('c', 1024 * 1024), key = "k" });
        using var nonsense = await client.PostAsync("/certificates/import", new StringContent("{\"key\":", System.Text.Encoding.UTF8, "application/json"));
        using var nameless = await client.PostAsync("/certificates/rollback", content: null);
        using var elsewhere = await client.PostAsync("/certificates", content: null);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, large.StatusCode);
        Assert.Contains("larger than 1024 KiB", await large.Content.ReadAsStringAsync());
        Assert.Equal(HttpStatusCode.BadRequest, nonsense.StatusCode);
        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NotFound), (nameless.StatusCode, elsewhere.StatusCode));
    }

    static EdgeSetup Setup(string data) => new() { Settings = new Dictionary<string, JsonNode?> { ["DataDirectory"] = data } };

    static Task<ToolResult> HealthAsync(EdgeProcess edge) => EdgeVerb.RunAsync("healthcheck", "--config", edge.ConfigFile);

    HttpClient Client() => new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, cancellationToken) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(Socket), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        },
    })
    {
        BaseAddress = new Uri("http://imgw"),
    };
}
