using System.ComponentModel;
using System.Diagnostics;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Challenges;

/// <summary>
/// Runs an operator's program: by its arguments, never through a shell, with an environment of ours alone, bounded in time and in what is
/// kept of its output. At the end of its time it and all that it started are killed, which no program can ignore.
/// </summary>
sealed class HookProgram(TimeProvider time)
{
    const string UsualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// <summary>For what is still in the pipes. A program that leaves another running in the background leaves them open to it.</summary>
    static readonly TimeSpan PipeGrace = TimeSpan.FromSeconds(1);

    /// <summary>
    /// All that a hook inherits: where programs are, and where its own user's files are. The edge's environment may hold configured secrets
    /// (<c>Edge__…</c>), so a hook's credentials belong into a file of its own.
    /// </summary>
    public static IReadOnlyDictionary<string, string> FixedEnvironment { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["PATH"] = Environment.GetEnvironmentVariable("PATH") is { Length: > 0 } path ? path : UsualPath,
        ["HOME"] = Environment.GetEnvironmentVariable("HOME") is { Length: > 0 } home ? home : "/",
        ["LANG"] = "C.UTF-8",
    };

    /// <param name="argv">The program, found on the path unless it has a slash, and its arguments as it gets them.</param>
    /// <param name="environment">The whole of it.</param>
    /// <param name="timeout">After which it is killed.</param>
    /// <param name="cancellationToken">Kills it, too.</param>
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
                13 => $"not executable for this user; check its folders, or allow it with: chmod +x {ShellWord.Of(argv[0])}",
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
