using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text;
using System.Threading.Channels;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Operations.Control;
using ImGateway.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace ImGateway.Edge.Tests.Operations;

/// <summary>Progress over the control socket while an operation runs, at both ends.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class ControlProgressTests : IAsyncLifetime
{
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    readonly TemporaryDirectory _directory = new();
    readonly TaskCompletionSource _release = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    WebApplication? _edge;

    EdgeOptions Options => new() { DataDirectory = _directory.Path };

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(ControlSocket.PathIn(Options)));
        _edge = builder.Build();
        _edge.Run(context => ControlProgress.AnswerAsync(context, async progress =>
        {
            progress.Report("first\nand the same line");
            await _release.Task;
            progress.Report("second");
            _done.SetResult();
            return new ControlRenewed("im.example.com", Succeeded: true, "renewed");
        }));
        await _edge.StartAsync(TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        _release.TrySetResult();
        await _edge!.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task Each_line_arrives_when_it_is_reported_and_the_result_arrives_last()
    {
        using var client = new ControlClient(Options);
        var steps = Channel.CreateUnbounded<string>();

        var following = client.FollowAsync<ControlRenewed>("/certificates/im.example.com/renew", new ControlRenew(false, false), new Steps(steps.Writer), TestContext.Current.CancellationToken);

        Assert.Equal("first\nand the same line", await steps.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Limit, TestContext.Current.CancellationToken));
        Assert.False(following.IsCompleted);
        _release.SetResult();
        var reply = await following.WaitAsync(Limit, TestContext.Current.CancellationToken);
        Assert.Equivalent(new ControlRenewed("im.example.com", true, "renewed"), reply!.Value, strict: true);
        Assert.True(steps.Reader.TryRead(out var second));
        Assert.Equal("second", second);
    }

    [Fact]
    public async Task A_caller_who_goes_away_does_not_stop_what_was_begun()
    {
        using (var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(ControlSocket.PathIn(Options)), TestContext.Current.CancellationToken);
            await socket.SendAsync(Encoding.ASCII.GetBytes("POST / HTTP/1.1\r\nHost: imgw\r\nContent-Length: 0\r\n\r\n"), TestContext.Current.CancellationToken);
            Assert.True(await socket.ReceiveAsync(new byte[1024], TestContext.Current.CancellationToken) > 0);
        }

        _release.SetResult();

        await _done.Task.WaitAsync(Limit, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task An_edge_that_breaks_off_is_one_line()
    {
        using var client = new ControlClient(Options);
        var steps = Channel.CreateUnbounded<string>();
        var following = client.FollowAsync<ControlRenewed>("/", new ControlRenew(false, false), new Steps(steps.Writer), TestContext.Current.CancellationToken);
        await steps.Reader.ReadAsync(TestContext.Current.CancellationToken);

        using (var atOnce = new CancellationTokenSource())
        {
            await atOnce.CancelAsync();
            await _edge!.StopAsync(atOnce.Token);
        }

        var broken = await Assert.ThrowsAsync<UserError>(() => following.WaitAsync(Limit, TestContext.Current.CancellationToken));
        Assert.Contains("the running edge broke off", broken.Message);
    }

    sealed class Steps(ChannelWriter<string> writer) : IProgress<string>
    {
        public void Report(string value) => writer.TryWrite(value);
    }
}
