using System.Net;
using System.Net.Sockets;
using ImGateway.Edge.Configuration;
using Microsoft.AspNetCore.Connections;
using Spectre.Console;

namespace ImGateway.Edge.Demo;

/// <summary><c>imgw demo</c>: an edge with a development certificate and a demo gateway behind it, without configuration.</summary>
public sealed class DemoHost(TlsEngineFactory engines, Serilog.ILogger log, IAnsiConsole console, TextWriter error)
{
    /// <summary>Serves until a stop is requested. Returns the exit code.</summary>
    public async Task<int> RunAsync(DemoSettings settings, CancellationToken cancellationToken)
    {
        try
        {
            return settings.GatewayOnly
                ? await RunGatewayAsync(settings.Listen ?? new ListenAddress(IPAddress.Loopback, 8080), cancellationToken)
                : await RunEdgeAsync(settings, DemoOptions.FindDataDirectory(), cancellationToken);
        }
        catch (Exception exception) when (exception is IOException { InnerException: AddressInUseException } or SocketException)
        {
            await error.WriteLineAsync($"{exception.Message.TrimEnd('.')}: stop the program that has the port (`ss -ltnp` names it), or choose another");
            return 1;
        }
    }

    async Task<int> RunGatewayAsync(ListenAddress listen, CancellationToken cancellationToken)
    {
        if (!GatewayEnvironment.TryRead(Environment.GetEnvironmentVariable, out var environment, out var problem))
        {
            await error.WriteLineAsync(problem);
            return 1;
        }

        await using var gateway = await DemoGateway.StartAsync(listen, environment, TimeProvider.System, cancellationToken);
        // As a plain string, because Spectre.Console would read [::] as markup.
        console.MarkupLineInterpolated($"demo gateway, plain HTTP, on [blue]{gateway.Address.ToString()}[/]");
        await gateway.WaitForShutdownAsync(cancellationToken);
        return 0;
    }

    internal async Task<int> RunEdgeAsync(DemoSettings settings, string dataDirectory, CancellationToken cancellationToken)
    {
        var (ports, notes) = DemoPorts.Find(settings);
        await using var gateway = settings.Upstream is null ? await DemoGateway.StartAsync(new ListenAddress(IPAddress.Loopback, 0), cancellationToken) : null;
        var options = DemoOptions.Create(settings.Upstream ?? gateway!.Address, dataDirectory, ports);
        await using var edge = EdgeApplication.Build(options, new ConfigurationBuilder().Build(), engines, log, pages => pages.UseDemoPage());
        return await EdgeApplication.ServeAsync(edge, error, () => new DemoBanner(console).Show(options, ports, notes, builtIn: gateway is not null), cancellationToken);
    }
}
