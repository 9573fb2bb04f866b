using System.Runtime.InteropServices;

namespace ImGateway.Edge.Operations;

/// <summary>
/// The one owner of the process's signals: TERM, INT and QUIT stop it, HUP has it read its configuration again. It takes the place of the
/// host's own console lifetime, which would stop the server at the first of them.
/// </summary>
sealed partial class Signals(StopRequest stop, ILogger<Signals> logger) : IHostLifetime, IDisposable
{
    readonly List<PosixSignalRegistration> _registrations = [];

    /// <summary>What HUP asks for. Returns at once: it is called on the thread that takes signals in.</summary>
    public Action OnReload { get; set; } = () => { };

    /// <summary>From here on no signal ends the process by itself.</summary>
    public void Listen()
    {
        foreach (var signal in new[] { PosixSignal.SIGTERM, PosixSignal.SIGINT, PosixSignal.SIGQUIT }) Register(signal, stop.OnSignal);
        Heed();
        Register(PosixSignal.SIGHUP, () => OnReload());
    }

    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        foreach (var registration in _registrations) registration.Dispose();
    }

    /// <summary>Where nohup has left HUP ignored .NET would respect that; to this process it is no end but a question.</summary>
    static void Heed()
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
