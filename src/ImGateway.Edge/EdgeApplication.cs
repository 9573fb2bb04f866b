using System.Net.Sockets;
using ImGateway.Edge.Certificates;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Operations;
using ImGateway.Edge.Proxying;
using ImGateway.Edge.Tls;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Serilog;

namespace ImGateway.Edge;

/// <summary>The edge put together: what <c>imgw run</c> and <c>imgw demo</c> serve.</summary>
public static partial class EdgeApplication
{
    /// <param name="options">What to serve.</param>
    /// <param name="configuration">For the sections that belong to libraries: <c>ReverseProxy</c>, <c>Serilog</c>.</param>
    /// <param name="log">Where everything is logged.</param>
    /// <param name="extend">More middleware, between the checks of a request and its routes.</param>
    public static WebApplication Build(EdgeOptions options, IConfiguration configuration, Serilog.ILogger log, Action<IApplicationBuilder>? extend = null)
    {
        // Empty: no settings file, no environment name and no listener that CONTRACT does not name can creep in; and the start is short.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "imgw", ContentRootPath = AppContext.BaseDirectory });
        builder.Services
            .AddSingleton(options)
            .AddSingleton(TimeProvider.System)
            .AddSingleton(log)
            .AddSerilog(log, dispose: false)
            .AddEdgeOperations()
            .AddTls(options)
            .AddCertificates(options)
            .AddProxying(options, configuration)
            .Configure<ConsoleLifetimeOptions>(console => console.SuppressStatusMessages = true)
            .Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(5));
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            ProxyingRegistration.ConfigureKestrelLimits(kestrel, options);
            Bind(kestrel, options.Listen.Https, listener => listener.UseListenerKind(ListenerKind.Https).UseTlsEngine());
            Bind(kestrel, options.Listen.Http, listener => listener.UseListenerKind(ListenerKind.Http).Protocols = HttpProtocols.Http1);
            Bind(kestrel, options.Listen.Management, listener => listener.UseListenerKind(ListenerKind.Management).Protocols = HttpProtocols.Http1);
        });

        var app = builder.Build();
        app.UseManagement();
        if (options.AccessLog) app.UseAccessLog();
        app.UseProxying(extend);
        return app;
    }

    /// <summary>Serves until a signal or <paramref name="cancellationToken"/>; returns the exit code.</summary>
    /// <exception cref="UserError">What keeps it from serving, one line each.</exception>
    public static async Task<int> ServeAsync(WebApplication app, Action? onListening, CancellationToken cancellationToken)
    {
        var options = app.Services.GetRequiredService<EdgeOptions>();
        var logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(EdgeApplication));

        // 1. Certificates, before anybody can ask for one.
        await app.Services.GetRequiredService<CertificateManager>().LoadAsync(cancellationToken);

        // 2. The policy must be in force, not just written down.
        if (await app.Services.GetRequiredService<PolicyProof>().ProblemsAsync(cancellationToken) is { Count: > 0 } problems) throw new UserError(problems);

        // 3. Listeners.
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch (IOException exception) when (exception.InnerException is AddressInUseException)
        {
            throw new UserError($"Edge:Listen: {exception.Message} Stop the other program or change the port.");
        }
        catch (SocketException exception)
        {
            throw new UserError($"Edge:Listen: cannot listen: {exception.Message}; below port 1024 without root: sysctl net.ipv4.ip_unprivileged_port_start=0, or CAP_NET_BIND_SERVICE by systemd.");
        }

        LogListeners(logger, app, options);
        onListening?.Invoke();

        // 4. Until a signal.
        await app.WaitForShutdownAsync(cancellationToken);
        return 0;
    }
}
