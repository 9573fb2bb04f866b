using System.Diagnostics;
using System.Globalization;
using ImGateway.Edge.Challenges;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Challenges;

public sealed class HookProgramTests
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    readonly HookProgram _program = new(TimeProvider.System);

    [Fact]
    public async Task Arguments_reach_the_program_as_they_are()
    {
        using var hook = await Hook.CreateAsync("""for argument in "$@"; do printf '<%s>\n' "$argument"; done > "$log" """);
        string[] arguments = ["two words", "$(touch /tmp/owned)", "`id`", "a;b|c&d>e", "'\"\\", "*", "", "--", "-n"];

        var result = await RunAsync(hook, arguments);

        Assert.True(result.IsSuccess, result.Describe(Patience));
        Assert.Equal(arguments.Select(argument => $"<{argument}>"), hook.Log);
    }

    [Fact]
    public async Task The_environment_is_ours_alone()
    {
        using var hook = await Hook.CreateAsync("env > \"$log\"");

        await RunAsync(hook);

        var names = hook.Log.Select(line => line.Split('=')[0]).Except(["PWD", "OLDPWD", "SHLVL", "_"]).Order(StringComparer.Ordinal);
        Assert.Equal(["HOME", "LANG", "PATH"], names);
    }

    [Fact]
    public async Task What_it_says_last_is_kept_standard_error_first()
    {
        using var hook = await Hook.CreateAsync("echo one; echo two; echo oops >&2; echo; exit 3");

        var result = await RunAsync(hook);

        Assert.Equal(new HookResult(3, "oops", TimedOut: false), result);
        Assert.Equal("exited with 3: oops", result.Describe(Patience));
    }

    [Fact]
    public async Task A_program_that_writes_without_end_neither_blocks_nor_fills_memory()
    {
        using var hook = await Hook.CreateAsync("head -c 50000000 /dev/zero | tr '\\0' 'x'; head -c 5000000 /dev/zero >&2; echo >&2; printf 'the \\033[31mend' >&2");

        var result = await RunAsync(hook);

        Assert.True(result.IsSuccess);
        Assert.Equal("the \\u001b[31mend", result.Tail);
    }

    [Fact]
    public async Task One_line_without_end_is_cut()
    {
        using var hook = await Hook.CreateAsync("head -c 100000 /dev/zero | tr '\\0' 'x'");

        Assert.InRange((await RunAsync(hook)).Tail.Length, 100, 310);
    }

    [Fact]
    public async Task A_program_that_hangs_is_killed_with_all_it_started_though_it_ignores_SIGTERM()
    {
        using var hook = await Hook.CreateAsync("trap '' TERM INT HUP; sleep 300 & echo $! > \"$log\"; echo waiting; while :; do sleep 300; done");
        var started = Stopwatch.GetTimestamp();

        var result = await _program.RunAsync([hook.Path], HookProgram.FixedEnvironment, TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);

        Assert.True(result.TimedOut);
        Assert.False(result.IsSuccess);
        Assert.Equal("was killed after 1 s: waiting", result.Describe(TimeSpan.FromSeconds(1)));
        Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.Zero, TimeSpan.FromSeconds(20));
        await AssertGoneAsync(int.Parse(hook.Log[0], CultureInfo.InvariantCulture));
    }

    [Fact]
    public async Task Cancellation_kills_it()
    {
        using var hook = await Hook.CreateAsync("echo $$ > \"$log.part\"; mv \"$log.part\" \"$log\"; sleep 300");
        using var watcher = new FileSystemWatcher(Path.GetDirectoryName(hook.LogPath)!);
        var running = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        watcher.Renamed += (_, _) => running.TrySetResult();
        watcher.EnableRaisingEvents = true;
        using var cancellation = new CancellationTokenSource();
        var run = _program.RunAsync([hook.Path], HookProgram.FixedEnvironment, Patience, cancellation.Token);
        await running.Task.WaitAsync(Patience, TestContext.Current.CancellationToken);

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        await AssertGoneAsync(int.Parse(hook.Log[0], CultureInfo.InvariantCulture));
    }

    [Fact]
    public async Task A_program_that_leaves_another_behind_is_not_waited_for()
    {
        using var hook = await Hook.CreateAsync("sleep 20 & echo $! > \"$log\"; echo done");
        var started = Stopwatch.GetTimestamp();

        var result = await RunAsync(hook);

        Assert.Equal(new HookResult(0, "done", TimedOut: false), result);
        Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.Zero, TimeSpan.FromSeconds(15));
        Process.GetProcessById(int.Parse(hook.Log[0], CultureInfo.InvariantCulture)).Kill();
    }

    [Fact]
    public async Task A_program_that_reads_gets_an_end_at_once()
    {
        using var hook = await Hook.CreateAsync("cat; exit 0");
        Assert.True((await RunAsync(hook)).IsSuccess);
    }

    [Fact]
    public async Task Programs_that_end_at_once_are_no_trouble()
    {
        for (var i = 0; i < 20; i++)
        {
            var result = await _program.RunAsync(["true"], HookProgram.FixedEnvironment, Patience, TestContext.Current.CancellationToken);
            Assert.Equal(new HookResult(0, "", TimedOut: false), result);
        }
    }

    [Fact]
    public async Task What_cannot_be_started_is_reported_in_one_line()
    {
        using var directory = new TemporaryDirectory();
        File.WriteAllText(directory["plain"], "#!/bin/sh\n");
        File.WriteAllText(directory["garbage"], "garbage\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(directory["garbage"], UnixFileMode.UserRead | UnixFileMode.UserExecute);

        Assert.Equal($"did not start: {directory["none"]}: no such program", await DescribeAsync(directory["none"]));
        Assert.StartsWith($"did not start: {directory["plain"]}: not executable", await DescribeAsync(directory["plain"]), StringComparison.Ordinal);
        Assert.Equal(0, (await PastedCommand.RunAsync(PastedCommand.In(await DescribeAsync(directory["plain"])), directory.Path)).ExitCode);
        Assert.True((await _program.RunAsync([directory["plain"]], HookProgram.FixedEnvironment, Patience, TestContext.Current.CancellationToken)).IsSuccess);
        Assert.StartsWith($"did not start: {directory["garbage"]}: not a program", await DescribeAsync(directory["garbage"]), StringComparison.Ordinal);

        async Task<string> DescribeAsync(string program)
        {
            var result = await _program.RunAsync([program], HookProgram.FixedEnvironment, Patience, TestContext.Current.CancellationToken);
            Assert.False(result.IsSuccess);
            return result.Describe(Patience);
        }
    }

    Task<HookResult> RunAsync(Hook hook, params string[] arguments) =>
        _program.RunAsync([hook.Path, .. arguments], HookProgram.FixedEnvironment, Patience, TestContext.Current.CancellationToken);

    static async Task AssertGoneAsync(int id)
    {
        Process process;
        try
        {
            process = Process.GetProcessById(id);
        }
        catch (ArgumentException)
        {
            return;
        }

        using (process) await process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Patience, TestContext.Current.CancellationToken);
    }
}
