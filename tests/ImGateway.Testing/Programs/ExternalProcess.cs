using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace ImGateway.Testing;

/// <summary>A server of others that runs until disposed of.</summary>
public sealed class ExternalProcess : IAsyncDisposable
{
    static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30), EndLimit = TimeSpan.FromSeconds(30);

    readonly Process _process;
    readonly Task _reading;

    ExternalProcess(Process process)
    {
        _process = process;
        _reading = Task.WhenAll(ReadAsync(process.StandardOutput), ReadAsync(process.StandardError));
    }

    /// <summary>Both outputs.</summary>
    public LogBook Log { get; } = new();

    public int Id => _process.Id;

    /// <summary>Starts it and returns when <paramref name="isReady"/>.</summary>
    /// <exception cref="InvalidOperationException">It ended, or is not ready after half a minute: the message holds what it wrote.</exception>
    public static async Task<ExternalProcess> StartAsync(
        string file, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> environment, Func<Task<bool>> isReady)
    {
        var start = new ProcessStartInfo(file, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        var partner = new ExternalProcess(Process.Start(start)!);
        using var limit = new CancellationTokenSource(StartLimit);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        try
        {
            while (!partner._process.HasExited)
            {
                if (await isReady()) return partner;
                await timer.WaitForNextTickAsync(limit.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // Said below, as what ended is.
        }

        await partner.DisposeAsync();
        throw new InvalidOperationException($"{file} did not start:\n{partner.Log}");
    }

    /// <summary>SIGKILL; returns when it has ended.</summary>
    public Task KillAsync()
    {
        _process.Kill(entireProcessTree: true);
        return _process.WaitForExitAsync().WaitAsync(EndLimit);
    }

    /// <summary>Whether a server accepts connections, for the start of one.</summary>
    /// <param name="space">Where it listens; null = where the tests run.</param>
    public static async Task<bool> ConnectsAsync(IPEndPoint server, NetworkNamespace? space = null)
    {
        using var socket = space?.CreateSocket() ?? new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(server);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>By itself, or because of a signal.</summary>
    public Task WaitForExitAsync(TimeSpan timeout) => _process.WaitForExitAsync().WaitAsync(timeout);

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync().WaitAsync(EndLimit);
        await _reading.WaitAsync(EndLimit);
        _process.Dispose();
    }

    async Task ReadAsync(StreamReader reader)
    {
        while (await reader.ReadLineAsync() is { } line) Log.Add(line);
    }
}
