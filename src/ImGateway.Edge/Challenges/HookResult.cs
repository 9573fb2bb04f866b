using System.Text;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Challenges;

/// <summary>The result of a program.</summary>
/// <param name="ExitCode">The exit code; above 128 if a signal ended the program.</param>
/// <param name="Tail">The last line of standard error, or of standard output if that is empty; truncated and sanitized.</param>
/// <param name="TimedOut">Whether the program was killed at the time-out.</param>
sealed record HookResult(int ExitCode, string Tail, bool TimedOut)
{
    // Exit codes of shells for a program that cannot be run.
    const int CannotRun = 127;

    public bool Started { get; private init; } = true;

    public bool IsSuccess => Started && !TimedOut && ExitCode == 0;

    public static HookResult NotStarted(string why) => new(CannotRun, why, TimedOut: false) { Started = false };

    /// <summary>The reason of a failure, as the end of a sentence.</summary>
    public string Describe(TimeSpan timeout)
    {
        var how = !Started ? "did not start" : TimedOut ? $"was killed after {timeout.TotalSeconds:0} s" : $"exited with {ExitCode}";
        return Tail.Length > 0 ? $"{how}: {Tail}" : how;
    }
}

/// <summary>Reads all output, so that the program never blocks, and keeps the end.</summary>
sealed class OutputTail
{
    const int Kept = 4096, LongestLine = 300;

    readonly byte[] _kept = new byte[Kept];
    int _length;

    public async Task ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        var buffer = new byte[Kept];
        try
        {
            while (await stream.ReadAsync(buffer, cancellationToken) is > 0 and var read) Keep(buffer.AsSpan(0, read));
        }
        catch (OperationCanceledException)
        {
            // A background child process keeps the pipe open.
        }
    }

    public string LastLine()
    {
        var lines = Encoding.UTF8.GetString(_kept.AsSpan(0, _length)).Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return lines is [.., var last] ? SingleLine.EscapeAtMost(last, LongestLine) : "";
    }

    void Keep(ReadOnlySpan<byte> read)
    {
        var old = Math.Min(_length, Kept - read.Length);
        _kept.AsSpan(_length - old, old).CopyTo(_kept);
        read.CopyTo(_kept.AsSpan(old));
        _length = old + read.Length;
    }
}
