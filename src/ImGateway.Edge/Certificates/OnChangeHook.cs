using ImGateway.Edge.Certificates.Installation;
using ImGateway.Edge.Certificates.Store;
using ImGateway.Edge.Challenges;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;

namespace ImGateway.Edge.Certificates;

/// <summary>
/// Runs <c>Certificates:OnChange</c> in the background for hosts whose certificate has changed: one program at a time for each host, and one run
/// afterwards for all changes in the meantime. The certificate is served whether or not the program succeeds.
/// </summary>
sealed partial class OnChangeHook(
    CurrentCertificateOptions options, IStorage storage, CertificateStore store, CertificateInstaller installer, HookProgram program, TimeProvider time, ILogger<OnChangeHook> logger) : IDisposable
{
    const int MaxConcurrency = 4;

    static readonly TimeSpan Timeout = TimeSpan.FromMinutes(1);

    /// <summary>The time that running programs get when the edge stops; shorter than the host's own time limit.</summary>
    static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    readonly CancellationTokenSource _stop = new();
    readonly SemaphoreSlim _slots = new(MaxConcurrency, MaxConcurrency);
    readonly Lock _lock = new();
    readonly Dictionary<HostName, Task> _running = [];
    readonly HashSet<HostName> _again = [];

    /// <summary>Starts the program for each host whose certificate has changed since the last call, without waiting.</summary>
    public void Start()
    {
        HashSet<HostName> changed = [];
        while (installer.Changed.TryDequeue(out var host)) changed.Add(host);
        if (!storage.IsWriter) return;
        lock (_lock)
        {
            foreach (var host in changed.Where(installer.Served.ContainsKey))
            {
                if (_running.ContainsKey(host)) _again.Add(host);
                else _running[host] = Task.Run(() => RunAsync(host, Path.GetFullPath(store.CurrentPath(host))), CancellationToken.None);
            }
        }
    }

    /// <summary>Completes when all programs that were started have ended.</summary>
    public Task EndedAsync()
    {
        lock (_lock) return Task.WhenAll(_running.Values);
    }

    /// <summary>Waits briefly for running programs, then kills them.</summary>
    public async Task StopAsync()
    {
        var ended = EndedAsync();
        await ended.WaitAsync(Grace, time, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _stop.CancelAsync();
        await ended.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose()
    {
        _stop.Cancel();
        _stop.Dispose();
        _slots.Dispose();
    }

    async Task RunAsync(HostName host, string bundle)
    {
        try
        {
            do await RunOnceAsync(host, bundle);
            while (IsWantedAgain(host));
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The edge is stopping.
        }
    }

    bool IsWantedAgain(HostName host)
    {
        lock (_lock)
        {
            if (_again.Remove(host)) return true;
            _running.Remove(host);
            return false;
        }
    }

    async Task RunOnceAsync(HostName host, string bundle)
    {
        if (options.Value.Certificates.OnChange is not { Count: > 0 } argv) return;
        var environment = new Dictionary<string, string>(HookProgram.FixedEnvironment, StringComparer.Ordinal)
        {
            ["IMGW_HOST"] = host.Value,
            ["IMGW_CERTIFICATE"] = bundle,
            ["IMGW_KEY"] = bundle,
        };
        var token = _stop.Token;
        await _slots.WaitAsync(token);
        try
        {
            var result = await program.RunAsync(argv, environment, Timeout, token);
            if (result.IsSuccess) Ran(host, argv[0]);
            else Failed(host, argv[0], result.Describe(Timeout));
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            Failed(host, argv[0], $"cannot be run: {e.Message}");
        }
        finally
        {
            _slots.Release();
        }
    }

    [LoggerMessage(1, LogLevel.Information, "{Host}: Edge:Certificates:OnChange: {Program} was run")]
    partial void Ran(HostName host, string program);

    [LoggerMessage(2, LogLevel.Warning, "{Host}: Edge:Certificates:OnChange: {Program} {Why}; the new certificate is served all the same")]
    partial void Failed(HostName host, string program, string why);
}
