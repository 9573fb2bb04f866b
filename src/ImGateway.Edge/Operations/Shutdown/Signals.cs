using System.Runtime.InteropServices;

namespace ImGateway.Edge.Operations.Shutdown;

/// <summary>
/// Handles the signals of the process: TERM, INT and QUIT stop it, HUP reloads the configuration. Replaces the
/// host's console lifetime, which would stop the server at the first signal.
/// </summary>
sealed partial class Signals(StopRequest stop, ILogger<Signals> logger) : IHostLifetime, IDisposable
{
    readonly List<PosixSignalRegistration> _registrations = [];

    /// <summary>The handler of HUP. Must return at once, because it runs on the signal thread.</summary>
    public Action OnReload { get; set; } = () => { };

    /// <summary>Registers the handlers: from here on these signals no longer terminate the process.</summary>
    public void Listen()
    {
        foreach (var signal in new[] { PosixSignal.SIGTERM, PosixSignal.SIGINT, PosixSignal.SIGQUIT }) Register(signal, stop.OnSignal);
        EnableHangup();
        Register(PosixSignal.SIGHUP, () => OnReload());
    }

    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        foreach (var registration in _registrations) registration.Dispose();
    }

    /// <summary>Under nohup, HUP is ignored and .NET keeps it so; here HUP means reload, so the handler is set anyway.</summary>
    static void EnableHangup()
    {
        const int Hangup = 1, Default = 0;
        if (!OperatingSystem.IsWindows()) _ = SetHandler(Hangup, Default);
    }

    void Register(PosixSignal signal, Action act) => _registrations.Add(PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        Received(signal);
        act();
    }));

    [LoggerMessage(1, LogLevel.Information, "{Signal} received")]
    partial void Received(PosixSignal signal);

    [DllImport("libc", EntryPoint = "signal")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    static extern nint SetHandler(int signal, nint handler);
}
