using System.Diagnostics;
using System.Globalization;
using System.Net;

namespace ImGateway.Testing;

/// <summary>
/// Opens sockets once and has any number of edges inherit them, as systemd or a script for upgrades would
/// (<c>tests/partners/socket-supervisor.pl</c>). All have one configuration and one data directory.
/// </summary>
public sealed class SocketSupervisor : IAsyncDisposable
{
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    readonly TemporaryDirectory _directory = new();
    readonly LogBook _said = new();
    readonly List<int> _started = [];
    readonly Process _process;
    readonly Task _reading;

    SocketSupervisor(EdgeSetup setup, IEnumerable<string> sockets)
    {
        ConfigFile = setup.WriteTo(_directory.Path);
        var file = EdgeProcess.ProgramOf(setup.Engine);
        string[] program = file.EndsWith(".dll", StringComparison.Ordinal) ? ["dotnet", file] : [file];
        _process = Process.Start(new ProcessStartInfo("perl", [Repository.PathOf("tests", "partners", "socket-supervisor.pl"), .. sockets, "--", .. program, "run", "--config", ConfigFile])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            WorkingDirectory = _directory.Path,
        })!;
        _reading = ReadAsync();
    }

    public string ConfigFile { get; }

    /// <param name="setup">What every edge is started with.</param>
    /// <param name="sockets"><c>NAME=ADDRESS:PORT</c>; the name - is none.</param>
    public static async Task<SocketSupervisor> StartAsync(EdgeSetup setup, params string[] sockets)
    {
        var supervisor = new SocketSupervisor(setup, sockets);
        for (var i = 1; i <= sockets.Length; i++)
        {
            var count = i;
            await supervisor._said.WaitForAsync(_ => supervisor.Said("socket").Count >= count, Limit);
        }

        return supervisor;
    }

    /// <summary>Where a socket is bound, in the order given.</summary>
    public IPEndPoint Socket(int index) => IPEndPoint.Parse(Said("socket")[index][2]);

    /// <summary>Starts one more; returns when it listens. Its number counts from 1.</summary>
    public async Task<int> StartEdgeAsync()
    {
        var number = await StartUntilExitOrListeningAsync();
        return Output(number).Contains("Listening Management", StringComparison.Ordinal)
            ? number
            : throw new InvalidOperationException($"imgw ended at start:\n{Errors(number)}\n{Output(number)}");
    }

    /// <summary>Starts one more, which may refuse.</summary>
    public async Task<int> StartUntilExitOrListeningAsync()
    {
        var number = _started.Count + 1;
        await SayAsync("start");
        await _said.WaitForAsync(_ => Said("started").Count >= number, Limit);
        _started.Add(int.Parse(Said("started")[number - 1][1], CultureInfo.InvariantCulture));
        using var limit = new CancellationTokenSource(Limit);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (!Output(number).Contains("Listening Management", StringComparison.Ordinal) && ExitCode(number) is null) await timer.WaitForNextTickAsync(limit.Token);
        return number;
    }

    /// <summary>Of the edge of this <paramref name="number"/>.</summary>
    public int ProcessId(int number) => _started[number - 1];

    public string Output(int number) => Read($"out-{number}");

    public string Errors(int number) => Read($"err-{number}");

    public Task TerminateAsync(int number) => SayAsync($"signal TERM {ProcessId(number)}");

    public Task KillAsync(int number) => SayAsync($"signal KILL {ProcessId(number)}");

    public async Task<int> WaitForExitAsync(int number)
    {
        if (ExitCode(number) is null) await _said.WaitForAsync(_ => ExitCode(number) is not null, Limit);
        return ExitCode(number)!.Value;
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        await _reading;
        _process.Dispose();
        _directory.Dispose();
    }

    int? ExitCode(int number) =>
        Said("ended").Find(words => words[1] == ProcessId(number).ToString(CultureInfo.InvariantCulture)) is { } ended ? int.Parse(ended[2], CultureInfo.InvariantCulture) : null;

    async Task SayAsync(string line)
    {
        await _process.StandardInput.WriteLineAsync(line);
        await _process.StandardInput.FlushAsync();
    }

    List<string[]> Said(string what) => [.. _said.Lines.Select(line => line.Text.Split(' ')).Where(words => words[0] == what)];

    string Read(string file)
    {
        var path = _directory[file];
        if (!File.Exists(path)) return "";
        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return reader.ReadToEnd();
    }

    async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line) _said.Add(line);
    }
}
