using ImGateway.Edge.Challenges;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates;

/// <summary>
/// Runs <c>Certificates:OnChange</c> for hosts whose certificate has changed, beside everything else: one program at a time for a host, and
/// one more afterwards for all changes meanwhile. Whatever becomes of it, the certificate is served.
/// </summary>
sealed partial class ChangeProgram(CurrentOptions options, HookProgram program, TimeProvider time, ILogger logger) : IDisposable
{
    const int SideBySide = 4;

    static readonly TimeSpan Timeout = TimeSpan.FromMinutes(1);

    /// <summary>For programs that run when the edge stops: within the host's own time limit for its stop.</summary>
    static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    readonly CancellationTokenSource _stop = new();
    readonly SemaphoreSlim _slots = new(SideBySide, SideBySide);
    readonly Lock _lock = new();
    readonly Dictionary<HostName, Task> _running = [];
    readonly HashSet<HostName> _again = [];
    bool _disposed;

    /// <param name="bundleOf">Each host's <c>current.pem</c>, which holds key and chain.</param>
    public void Start(IEnumerable<HostName> hosts, Func<HostName, string> bundleOf)
    {
        lock (_lock)
        {
            foreach (var host in hosts)
            {
                if (_running.ContainsKey(host)) _again.Add(host);
                else _running[host] = Task.Run(() => RunAsync(host, Path.GetFullPath(bundleOf(host))), CancellationToken.None);
            }
        }
    }

    /// <summary>Ends when every program has that was started.</summary>
    public Task EndedAsync()
    {
        lock (_lock) return Task.WhenAll(_running.Values);
    }

    /// <summary>Programs that go on for longer than a moment are ended.</summary>
    public async Task StopAsync()
    {
        var ended = EndedAsync();
        await ended.WaitAsync(Grace, time, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _stop.CancelAsync();
        await ended.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose()
    {
        // The manager is registered as itself and as a hosted service, so the container disposes of it twice.
        if (_disposed) return;
        _disposed = true;
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
            // The edge stops.
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

    [LoggerMessage(60, LogLevel.Information, "{Host}: Certificates:OnChange: {Program} was told")]
    partial void Ran(HostName host, string program);

    [LoggerMessage(61, LogLevel.Warning, "{Host}: Certificates:OnChange: {Program} {Why}; the new certificate is served all the same")]
    partial void Failed(HostName host, string program, string why);
}
