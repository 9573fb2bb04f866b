using System.ComponentModel;
using System.Diagnostics;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Challenges;

/// <summary>
/// Runs an operator's program: by argument list, never through a shell, with a fixed environment, and limits on time and
/// captured output. At the time-out the program and its child processes are killed.
/// </summary>
sealed class HookProgram(TimeProvider time)
{
    const string UsualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// <summary>The time to read the rest of the pipes after the exit; a background child process may keep them open.</summary>
    static readonly TimeSpan PipeGrace = TimeSpan.FromSeconds(1);

    /// <summary>
    /// The variables that a hook inherits: PATH and HOME. The edge's environment may contain configured secrets
    /// (<c>Edge__…</c>), so a hook must read its credentials from a file.
    /// </summary>
    public static IReadOnlyDictionary<string, string> FixedEnvironment { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["PATH"] = Environment.GetEnvironmentVariable("PATH") is { Length: > 0 } path ? path : UsualPath,
        ["HOME"] = Environment.GetEnvironmentVariable("HOME") is { Length: > 0 } home ? home : "/",
        ["LANG"] = "C.UTF-8",
    };

    /// <param name="argv">The program, searched in PATH unless it contains a slash, and its arguments.</param>
    /// <param name="environment">The complete environment.</param>
    /// <param name="timeout">The time after which the program is killed.</param>
    /// <param name="cancellationToken">Kills the program.</param>
    public async Task<HookResult> RunAsync(
        IReadOnlyList<string> argv, IReadOnlyDictionary<string, string> environment, TimeSpan timeout, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var process = new Process { StartInfo = StartInfo(argv, environment) };
        try
        {
            process.Start();
        }
        catch (Win32Exception e)
        {
            return HookResult.NotStarted($"{argv[0]}: {e.NativeErrorCode switch
            {
                2 => "no such program",
                8 => "not a program: a script begins with #! and its interpreter",
                13 => $"not executable for this user; check its folders, or allow it with: chmod +x {ShellQuoting.Quote(argv[0])}",
                _ => e.Message,
            }}");
        }

        process.StandardInput.Close();
        using var pipes = new CancellationTokenSource();
        OutputTail output = new(), error = new();
        var reading = Task.WhenAll(
            output.ReadAsync(process.StandardOutput.BaseStream, pipes.Token), error.ReadAsync(process.StandardError.BaseStream, pipes.Token));
        var timedOut = await EndsTooLateAsync(process, timeout, cancellationToken);
        await EndReadingAsync(reading, pipes);
        cancellationToken.ThrowIfCancellationRequested();
        var tail = error.LastLine() is { Length: > 0 } complaint ? complaint : output.LastLine();
        return new HookResult(process.ExitCode, tail, timedOut);
    }

    async Task<bool> EndsTooLateAsync(Process process, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            await process.WaitForExitAsync(either.Token);
            return false;
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
            return true;
        }
    }

    async Task EndReadingAsync(Task reading, CancellationTokenSource pipes)
    {
        try
        {
            await reading.WaitAsync(PipeGrace, time, CancellationToken.None);
        }
        catch (TimeoutException)
        {
            await pipes.CancelAsync();
            await reading;
        }
    }

    static ProcessStartInfo StartInfo(IReadOnlyList<string> argv, IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(argv[0], argv.Skip(1))
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Clear();
        foreach (var (name, value) in environment) start.Environment[name] = value;
        return start;
    }
}
