using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;
using System.Security.Cryptography.X509Certificates;

namespace ImGateway.Testing;

/// <summary>The program under test as a process of its own, serving on ports of its own, until disposed of.</summary>
public sealed class EdgeProcess : IAsyncDisposable
{
    static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60), EndLimit = TimeSpan.FromSeconds(30);

    readonly Process _process;
    readonly Task _reading;
    readonly HttpClient _management;

    EdgeProcess(Process process, string directory, NetworkNamespace? space)
    {
        _process = process;
        _management = space is null ? new HttpClient() : new HttpClient(space.Handler());
        _management.Timeout = TimeSpan.FromSeconds(20);
        Directory = directory;
        _reading = Task.WhenAll(ReadAsync(process.StandardOutput, Log), ReadAsync(process.StandardError, Errors));
    }

    /// <summary>Holds the configuration and the data; removed at the end.</summary>
    public string Directory { get; }

    /// <summary>The configuration file it was started with; verbs need it too.</summary>
    public string ConfigFile => Path.Combine(Directory, "appsettings.json");

    public LogBook Log { get; } = new();

    /// <summary>Standard error.</summary>
    public LogBook Errors { get; } = new();

    public int Id => _process.Id;

    public IPEndPoint Https { get; private set; } = new(0, 0);

    public IPEndPoint Http { get; private set; } = new(0, 0);

    public IPEndPoint Management { get; private set; } = new(0, 0);

    public int HttpsPort => Https.Port;

    public int HttpPort => Http.Port;

    public int ManagementPort => Management.Port;

    /// <summary>The published program that <c>tests/run</c> names, else the one built beside the tests.</summary>
    public static string Program => Environment.GetEnvironmentVariable("IMGW_PUBLISHED") ?? Path.Combine(AppContext.BaseDirectory, "imgw.dll");

    /// <summary><see cref="Program"/>, or that of an engine of the tests.</summary>
    public static string ProgramOf(TestedEngine engine) =>
        engine is TestedEngine.BouncyCastle ? Path.Combine(AppContext.BaseDirectory, "imgw-bouncycastle.dll") : Program;

    /// <summary>Starts <c>imgw run</c> and returns when it is ready.</summary>
    /// <exception cref="InvalidOperationException">It ended instead: the message holds what it wrote.</exception>
    public static async Task<EdgeProcess> StartAsync(EdgeSetup setup)
    {
        var edge = await StartListeningAsync(setup);
        try
        {
            await edge.WaitUntilReadyAsync(StartLimit);
            return edge;
        }
        catch
        {
            await edge.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts <c>imgw run</c> and returns when it listens: certificates may still be missing.</summary>
    /// <exception cref="InvalidOperationException">It ended instead: the message holds what it wrote.</exception>
    public static async Task<EdgeProcess> StartListeningAsync(EdgeSetup setup)
    {
        var edge = Launch(setup);
        try
        {
            var exited = edge._process.WaitForExitAsync();
            var ready = edge.UntilListeningAsync();
            if (await Task.WhenAny(exited, ready).WaitAsync(StartLimit) == exited)
            {
                await edge.ReadToEndAsync();
                throw new InvalidOperationException($"imgw ended with {edge._process.ExitCode} at start:\n{edge.Errors}\n{edge.Log}");
            }

            await ready;
            return edge;
        }
        catch
        {
            await edge.DisposeAsync();
            throw;
        }
    }

    /// <exception cref="TimeoutException">It is not: the message holds what it wrote.</exception>
    public async Task WaitUntilReadyAsync(TimeSpan timeout)
    {
        using var limit = new CancellationTokenSource(timeout);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        try
        {
            while (true)
            {
                using var answer = await GetManagementAsync("/readyz");
                if (answer.IsSuccessStatusCode) return;
                await timer.WaitForNextTickAsync(limit.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or HttpRequestException)
        {
            throw new TimeoutException($"Not ready within {timeout}:\n{Errors}\n{Log}", e);
        }
    }

    /// <summary>Starts <c>imgw run</c> that is expected to refuse; returns when it has ended.</summary>
    public static async Task<(int ExitCode, string Output, string Error)> RunUntilExitAsync(EdgeSetup setup)
    {
        await using var edge = Launch(setup);
        await edge._process.WaitForExitAsync().WaitAsync(StartLimit);
        await edge.ReadToEndAsync();
        return (edge._process.ExitCode, edge.Log.ToString(), edge.Errors.ToString());
    }

    public Task<LogLine> WaitForLogAsync(Func<LogLine, bool> predicate, TimeSpan timeout, int from = 0) => Log.WaitForAsync(predicate, timeout, from);

    public async Task<Scrape> GetMetricsAsync() => new(await _management.GetStringAsync(ManagementUri("/metrics")));

    /// <summary>Reads the metrics until they satisfy <paramref name="condition"/>: some are counted just after a client has its answer.</summary>
    public Task<Scrape> WaitForMetricsAsync(Func<Scrape, bool> condition, TimeSpan timeout) => Scrape.WaitForAsync(GetMetricsAsync, condition, timeout);

    public Task<HttpResponseMessage> GetManagementAsync(string path) => _management.GetAsync(ManagementUri(path));

    /// <summary>The development CA that issues for an edge without certificates of its own.</summary>
    public X509Certificate2 DevelopmentRoot() => X509CertificateLoader.LoadCertificateFromFile(Path.Combine(Directory, "data", "development-ca", "ca.pem"));

    public void Signal(PosixSignal signal)
    {
        var number = signal switch
        {
            PosixSignal.SIGHUP => 1,
            PosixSignal.SIGINT => 2,
            PosixSignal.SIGTERM => 15,
            _ => throw new ArgumentOutOfRangeException(nameof(signal), signal, "no signal of these tests"),
        };
        if (SendSignal(_process.Id, number) != 0) throw new InvalidOperationException($"kill: errno {Marshal.GetLastPInvokeError()}");
    }

    /// <summary>SIGTERM; returns the exit code.</summary>
    public Task<int> StopAsync(TimeSpan timeout)
    {
        Signal(PosixSignal.SIGTERM);
        return WaitForExitAsync(timeout);
    }

    /// <returns>The exit code; everything it wrote has been read.</returns>
    public async Task<int> WaitForExitAsync(TimeSpan timeout)
    {
        await _process.WaitForExitAsync().WaitAsync(timeout);
        await ReadToEndAsync();
        return _process.ExitCode;
    }

    /// <summary>SIGKILL: nothing is put in order.</summary>
    public Task KillAsync()
    {
        _process.Kill();
        return _process.WaitForExitAsync().WaitAsync(EndLimit);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync().WaitAsync(EndLimit);
        await ReadToEndAsync();
        _process.Dispose();
        _management.Dispose();
        System.IO.Directory.Delete(Directory, recursive: true);
    }

    static EdgeProcess Launch(EdgeSetup setup)
    {
        var directory = System.IO.Directory.CreateTempSubdirectory("imgw-test-").FullName;
        var program = setup.Program ?? ProgramOf(setup.Engine);
        List<string> command = program.EndsWith(".dll", StringComparison.Ordinal) ? ["dotnet", program] : [program];
        command.AddRange("run", "--config", setup.WriteTo(directory));
        if (setup.User is { } user)
        {
            command.InsertRange(0, ["setpriv", $"--reuid={user}", $"--regid={user}", "--clear-groups"]);
            using var chown = Process.Start("chown", ["-R", $"{user}:{user}", directory]);
            chown.WaitForExit();
        }

        if (setup.Namespace is { } space) command.InsertRange(0, space.Prefix);
        if (setup.Descriptors is { } descriptors) command.InsertRange(0, ["prlimit", $"--nofile={descriptors / 2}:{descriptors}"]);
        // In a user namespace of its own, whose limits are lower than the machine's; exec keeps the process id.
        if (setup.ZeroLimit is { } none) command.InsertRange(0, ["unshare", "--user", "--map-root-user", "sh", "-c", $"echo 0 >/proc/sys/user/{none} && exec \"$@\"", "sh"]);
        if (setup.HangupIgnored) command.InsertRange(0, ["env", "--ignore-signal=HUP"]);
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = directory,
        };
        foreach (var (name, value) in setup.Environment) start.Environment[name] = value;
        return new EdgeProcess(Process.Start(start)!, directory, setup.Namespace);
    }

    async Task UntilListeningAsync()
    {
        Https = await ListenerAsync("https");
        Http = await ListenerAsync("http");
        Management = await ListenerAsync("management");
    }

    async Task<IPEndPoint> ListenerAsync(string kind)
    {
        var line = await Log.WaitForAsync(
            l => l["Address"] is not null && string.Equals(l["Kind"], kind, StringComparison.OrdinalIgnoreCase), StartLimit);
        return IPEndPoint.Parse(line["Address"]!);
    }

    /// <summary>A process that it has started, and that has outlived it, may keep its outputs open.</summary>
    Task ReadToEndAsync() => _reading.WaitAsync(EndLimit);

    Uri ManagementUri(string path) => new($"http://{Management}{path}");

    static async Task ReadAsync(StreamReader reader, LogBook into)
    {
        while (await reader.ReadLineAsync() is { } line) into.Add(line);
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    static extern int SendSignal(int pid, int signal);
}
