using ImGateway.Edge.Certificates;
using ImGateway.Edge.Challenges;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Configuration.Reading;
using ImGateway.Edge.Connections;
using ImGateway.Edge.Connections.Listening;
using ImGateway.Edge.Operations;
using ImGateway.Edge.Operations.Memory;
using ImGateway.Edge.Operations.Shutdown;
using ImGateway.Edge.Proxying;
using ImGateway.Edge.Proxying.Checks;
using ImGateway.Edge.Tls;
using Serilog;

namespace ImGateway.Edge;

/// <summary>Composes and runs the edge, for <c>imgw run</c> and <c>imgw demo</c>.</summary>
public static class EdgeApplication
{
    /// <summary>For operations still running after the drain: the response to a verb, an order.</summary>
    static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(5);

    /// <param name="options">The options.</param>
    /// <param name="configuration">The configuration, for the sections of libraries: <c>ReverseProxy</c>.</param>
    /// <param name="engines">The TLS engines, one of which the options choose.</param>
    /// <param name="log">The logger.</param>
    /// <param name="pages">Additional middleware over TLS, before the routes.</param>
    /// <param name="file">The file that reloads read; null = no reloads.</param>
    /// <param name="inherited">Inherited listening sockets, used instead of binding; null = none.</param>
    /// <param name="services">Registrations that override those made here, for tests: a clock or an engine.</param>
    internal static WebApplication Build(
        EdgeOptions options,
        IConfiguration configuration,
        TlsEngineFactory engines,
        Serilog.ILogger log,
        Action<IApplicationBuilder>? pages = null,
        ConfigurationFile? file = null,
        InheritedSockets? inherited = null,
        Action<IServiceCollection>? services = null)
    {
        if (engines.FallbackReason(options.Tls) is { } reason) log.Warning("Edge:Tls:Engine: Direct cannot be used here: {Reason}. The engine is SslStream", reason);
        var plan = ListenPlan.For(options.Listen, inherited ?? InheritedSockets.None);
        // The empty builder reads no settings files or environment variables and adds no listeners; it also starts faster.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "imgw", ContentRootPath = AppContext.BaseDirectory });
        builder.Services
            .AddSingleton(new CurrentOptions(options))
            .AddSingleton(TimeProvider.System)
#pragma warning disable RS0030 // The one that is injected: it is safe to share between threads.
            .AddSingleton(Random.Shared)
#pragma warning restore RS0030
            .AddSingleton(log)
            .AddSerilog(log, dispose: false)
            .AddConnections(options)
            .AddClientConnections()
            .AddEdgeOperations()
            .AddTls(options, engines.Of(options.Tls))
            .AddChallenges()
            .AddCertificates(options)
            .AddProxying(options, configuration)
            .AddReload(configuration, file)
            .AddSingleton<StartChecks>()
            .AddHostedService<ListenerLog>()
            .AddHostedService<MemoryTrimmer>()
            .Configure<HostOptions>(host => host.ShutdownTimeout = ShutdownTimeout);
        builder.WebHost.UseKestrelCore().UseControlSocket().UsePublicTransport(plan)
            .ConfigureKestrel(kestrel => kestrel.Listen(options, plan));
        services?.Invoke(builder.Services);

        var app = builder.Build();
        app.UseControl();
        app.UseManagement();
        app.UseClientConnections();
        app.UseAccessLog();
        app.UsePages(pages);
        app.UseProxying();
        return app;
    }

    /// <summary>Serves until a stop is requested, then shuts down gracefully; returns the exit code.</summary>
    /// <param name="app">The result of <see cref="Build"/>.</param>
    /// <param name="error">Receives the problems that prevent the start, one line each.</param>
    /// <param name="onListening">Called when connections are accepted.</param>
    /// <param name="cancellationToken">Requests a stop, like a signal.</param>
    public static async Task<int> ServeAsync(WebApplication app, TextWriter error, Action? onListening, CancellationToken cancellationToken)
    {
        // 1. Sources of a stop request: signals, the caller, verbs (from step 3 on), and a failed background service.
        app.Services.GetRequiredService<Signals>().Listen();
        var stop = app.Services.GetRequiredService<StopRequest>();
        using var byCaller = cancellationToken.UnsafeRegister(static stop => ((StopRequest)stop!).RequestGracefulStop(), stop);
        using var byFailure = app.Lifetime.ApplicationStopping.UnsafeRegister(static stop => ((StopRequest)stop!).RequestGracefulStop(), stop);
        try
        {
            // 2. Start checks, then the listeners.
            var problems = await app.Services.GetRequiredService<StartChecks>().RunAsync(stop.Requested);
            if (problems.Count == 0) problems = await ListenAsync(app, stop.Requested);
            foreach (var problem in problems) await error.WriteLineAsync(problem.AsMemory(), CancellationToken.None);
            if (problems.Count > 0) return 1;

            // 3. Serve until a stop is requested.
            onListening?.Invoke();
            await stop.WhenRequestedAsync();

            // 4. Drain clients first; then stop the management port, the control socket and the background services.
            await app.Services.GetRequiredService<GracefulShutdown>().DrainAsync();
        }
        catch (OperationCanceledException) when (stop.IsRequested)
        {
            // Requested during the start: there are no clients to drain.
        }

        await app.StopAsync(CancellationToken.None);
        return 0;
    }

    static void UsePages(this WebApplication app, Action<IApplicationBuilder>? pages)
    {
        if (pages is null) return;
        var requestConfiguration = app.Services.GetRequiredService<CurrentRequestConfiguration>();
        app.UseWhen(context => context.Features.Get<ConnectionFactsFeature>() is { Kind: ListenerKind.Https }, branch =>
        {
            branch.Use((context, next) =>
            {
                requestConfiguration.Current.Headers.AddTo(context.Response, overTls: true);
                return next(context);
            });
            pages(branch);
        });
    }

    static async Task<IReadOnlyList<string>> ListenAsync(WebApplication app, CancellationToken cancellationToken)
    {
        try
        {
            await app.StartAsync(cancellationToken);
            return [];
        }
        catch (ListenException e)
        {
            // Stop services that started before the listeners, before they are disposed.
            await app.StopAsync(CancellationToken.None);
            return [e.Message];
        }
    }
}
