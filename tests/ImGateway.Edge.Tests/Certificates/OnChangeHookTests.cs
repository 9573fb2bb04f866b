using ImGateway.Edge.Certificates;
using ImGateway.Testing;
using Microsoft.Extensions.DependencyInjection;
using static ImGateway.Edge.Tests.Certificates.CertificateWorld;

namespace ImGateway.Edge.Tests.Certificates;

/// <summary><c>Certificates:OnChange</c> runs beside the loop (issue 15).</summary>
public sealed class OnChangeHookTests : IDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    readonly CertificateWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public async Task Program_that_hangs_holds_up_nothing_and_runs_once_more_for_all_changes_meanwhile()
    {
        await UseProgramAsync();
        using var edge = await _world.StartAsync();
        await ChangeAsync(edge);
        await StartedAsync();

        // It hangs; two more changes come and go.
        await ChangeAsync(edge);
        await ChangeAsync(edge);
        await GoAsync();
        await StartedAsync();
        await GoAsync();
        await edge.Services.GetRequiredService<OnChangeHook>().EndedAsync().WaitAsync(Patience);

        Assert.Equal(["gateway.example.com", "gateway.example.com"], await File.ReadAllLinesAsync(_world["hosts"]));
    }

    [Fact]
    public async Task Stop_waits_a_little_for_a_program_and_then_ends_it()
    {
        await UseProgramAsync();
        using var edge = await _world.StartAsync();
        await edge.Manager.StartAsync(CancellationToken.None);
        await ChangeAsync(edge);
        await StartedAsync();

        var stop = edge.Manager.StopAsync(CancellationToken.None);
        for (var second = 0; second < 1_000_000 && !stop.IsCompleted; second++)
        {
            _world.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        await stop.WaitAsync(Patience);
        Assert.True(edge.Services.GetRequiredService<OnChangeHook>().EndedAsync().IsCompleted);
    }

    /// <summary>Says that it has started, then waits until it may end.</summary>
    async Task UseProgramAsync()
    {
        _world.UseSelfSigned();
        _world.Options = _world.Options with
        {
            Hosts = [Gateway],
            Certificates = _world.Options.Certificates with
            {
                OnChange = ["/bin/sh", "-c", $"echo $IMGW_HOST >> {_world["hosts"]}; echo started > {_world["started"]}; cat {_world["go"]} > /dev/null"],
            },
        };
        Directory.CreateDirectory(_world.Data());
        foreach (var pipe in new[] { "started", "go" }) Assert.Equal(0, (await ExternalTool.RunAsync("mkfifo", [_world[pipe]])).ExitCode);
        // The first certificate is a change, too.
        using (await _world.StartAsync()) { }
    }

    async Task ChangeAsync(CertificateWorld.Edge edge)
    {
        using var issued = _world.Issue("gateway.example.com");
        Assert.True((await edge.ImportAsync(issued)).Succeeded);
        await edge.Manager.RunDueAsync(CancellationToken.None).WaitAsync(Patience);
    }

    Task StartedAsync() => Task.Run(() => File.ReadAllText(_world["started"])).WaitAsync(Patience);

    Task GoAsync() => Task.Run(() => File.WriteAllText(_world["go"], "go\n")).WaitAsync(Patience);
}
