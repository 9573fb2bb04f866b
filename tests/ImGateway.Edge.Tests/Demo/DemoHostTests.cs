using System.Net;
using System.Net.Sockets;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Demo;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Spectre.Console;

namespace ImGateway.Edge.Tests.Demo;

public sealed class DemoHostTests
{
    readonly StringWriter _output = new();
    readonly StringWriter _error = new();

    [Fact]
    public async Task A_port_in_use_is_one_line()
    {
        using var holder = new TcpListener(IPAddress.Loopback, 0);
        holder.Start();
        var listen = new ListenAddress(IPAddress.Loopback, ((IPEndPoint)holder.LocalEndpoint).Port);

        var exitCode = await Host((_, _) => throw new InvalidOperationException("no edge is wanted"))
            .RunAsync(new DemoSettings(Upstream: null, GatewayOnly: true, listen), CancellationToken.None);

        Assert.Equal(1, exitCode);
        var line = Assert.Single(_error.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains(listen.ToString(), line);
        Assert.Contains("already in use", line);
    }

    [Fact]
    public async Task The_gateway_alone_serves_until_told_to_stop()
    {
        using var stop = new CancellationTokenSource();
        var running = Host((_, _) => throw new InvalidOperationException("no edge is wanted"))
            .RunAsync(new DemoSettings(Upstream: null, GatewayOnly: true, ListenAddress.Parse("127.0.0.1:0")), stop.Token);

        await stop.CancelAsync();

        Assert.Equal(0, await running.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public async Task The_demo_starts_a_gateway_for_the_edge_adds_the_page_and_says_what_to_paste()
    {
        using var stop = new CancellationTokenSource();
        var started = new TaskCompletionSource<WebApplication>(TaskCreationOptions.RunContinuationsAsynchronously);
        EdgeOptions? options = null;
        var host = Host((given, addPage) =>
        {
            options = given;
            var edge = Edge();
            addPage(edge);
            edge.Lifetime.ApplicationStarted.Register(() => started.SetResult(edge));
            return edge;
        });

        var running = host.RunEdgeAsync(upstream: null, "/home/some one/imgw-demo", stop.Token);
        var edge = await started.Task.WaitAsync(TimeSpan.FromSeconds(30));
        using (var client = new HttpClient())
        {
            Assert.Equal("""{"status":"ok"}""", await client.GetStringAsync(new Uri(options!.Upstreams[0], "/health")));
            var address = edge.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First();
            Assert.Contains("<title>ImGateway Edge demo</title>", await client.GetStringAsync(address));
        }

        await stop.CancelAsync();
        Assert.Equal(0, await running.WaitAsync(TimeSpan.FromSeconds(30)));
        var lines = _output.ToString().Split('\n').Select(line => line.Trim());
        Assert.Contains("curl --cacert '/home/some one/imgw-demo/development-ca/ca.pem' https://localhost:8443/api/time", lines);
        Assert.Contains("wscat --ca '/home/some one/imgw-demo/development-ca/ca.pem' -c wss://localhost:8443/ws", lines);
        Assert.DoesNotContain('\e', _output.ToString());
    }

    [Fact]
    public void The_demo_listens_on_loopback_only_and_leaves_no_HSTS_behind()
    {
        var options = DemoOptions.Create(new Uri("http://127.0.0.1:1"), "/nowhere");

        Assert.All(
            options.Listen.Https.Concat(options.Listen.Http).Concat(options.Listen.Management),
            listen => Assert.True(IPAddress.IsLoopback(listen.Address!)));
        Assert.Equal(TimeSpan.Zero, options.Headers.Hsts.MaxAge);
        Assert.Equal(8443, options.PlainHttp.HttpsPort);
        Assert.Equal(CertificateSource.SelfSigned, options.Certificates.Source);
        Assert.True(options.Certificates.AllowSelfSigned);
    }

    DemoHost Host(Func<EdgeOptions, Action<IApplicationBuilder>, WebApplication> buildEdge)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(_output) });
        return new DemoHost(buildEdge, console, _error);
    }

    static WebApplication Edge()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        return builder.Build();
    }
}
