using ImGateway.Edge.Certificates;
using ImGateway.Edge.Challenges;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Connections;
using ImGateway.Edge.Operations;
using ImGateway.Edge.Proxying;
using ImGateway.Edge.Tls;
using Serilog;

namespace ImGateway.Edge;

/// <summary>The edge put together: what <c>imgw run</c> and <c>imgw demo</c> serve.</summary>
public static class EdgeApplication
{
    /// <summary>For what is left after the drain: a verb's answer, a certificate's order.</summary>
    static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(5);

    /// <param name="options">What to serve.</param>
    /// <param name="configuration">For the sections that belong to libraries: <c>ReverseProxy</c>.</param>
    /// <param name="log">Where everything is logged.</param>
    /// <param name="pages">More answers over TLS, before the routes.</param>
    /// <param name="file">Where the configuration is read again; null: nowhere.</param>
    /// <param name="inherited">Sockets to listen on in place of configured addresses; null = none.</param>
    /// <param name="services">Registered last, so in place of what is registered here: a test's clock or engine.</param>
    internal static WebApplication Build(
        EdgeOptions options,
        IConfiguration configuration,
        Serilog.ILogger log,
        Action<IApplicationBuilder>? pages = null,
        ConfigurationFile? file = null,
        InheritedSockets? inherited = null,
        Action<IServiceCollection>? services = null)
    {
        var plan = ListenPlan.For(options.Listen, inherited ?? InheritedSockets.None);
        // Empty: no settings file, environment name or listener can creep in that nobody named; and the start is short.
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
            .AddTls(options, TlsEngines.Of(options.Tls))
            .AddChallenges()
            .AddCertificates(options)
            .AddProxying(options, configuration)
            .AddReload(configuration, file)
            .AddSingleton<StartChecks>()
            .AddHostedService<ListenerLog>()
            .AddHostedService<MemoryReturn>()
            .Configure<HostOptions>(host => host.ShutdownTimeout = ShutdownTimeout);
        builder.WebHost.UseKestrelCore().UseBlockPools().UseControlSocket().UsePublicTransport(plan)
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

    /// <summary>Serves until it is asked to stop, and then stops in order; returns the exit code.</summary>
    /// <param name="app">As <see cref="Build"/> made it.</param>
    /// <param name="error">Gets what keeps the edge from serving, one line each.</param>
    /// <param name="onListening">Called when connections are accepted.</param>
    /// <param name="cancellationToken">Asks it to stop, as a signal does.</param>
    public static async Task<int> ServeAsync(WebApplication app, TextWriter error, Action? onListening, CancellationToken cancellationToken)
    {
        // 1. Who may ask it to stop: signals, the caller, verbs from step 3 on, and a service of ours that cannot go on.
        app.Services.GetRequiredService<Signals>().Listen();
        var stop = app.Services.GetRequiredService<StopRequest>();
        using var asked = cancellationToken.UnsafeRegister(static stop => ((StopRequest)stop!).InOrder(), stop);
        using var failed = app.Lifetime.ApplicationStopping.UnsafeRegister(static stop => ((StopRequest)stop!).InOrder(), stop);
        try
        {
            // 2. What has to be in order before the first connection; then the listeners.
            var problems = await app.Services.GetRequiredService<StartChecks>().RunAsync(stop.Asked);
            if (problems.Count == 0) problems = await ListenAsync(app, stop.Asked);
            foreach (var problem in problems) await error.WriteLineAsync(problem.AsMemory(), CancellationToken.None);
            if (problems.Count > 0) return 1;

            // 3. Until it is asked to stop.
            onListening?.Invoke();
            await stop.WhenAskedAsync();

            // 4. Clients first, then the management port and the control socket, then what keeps certificates fresh.
            await app.Services.GetRequiredService<Shutdown>().DrainAsync();
        }
        catch (OperationCanceledException) when (stop.IsAsked)
        {
            // While it was starting: there is nobody to let go gently.
        }

        await app.StopAsync(CancellationToken.None);
        return 0;
    }

    static void UsePages(this WebApplication app, Action<IApplicationBuilder>? pages)
    {
        if (pages is null) return;
        var paths = app.Services.GetRequiredService<RequestPaths>();
        app.UseWhen(context => context.Features.Get<ListenerFeature>() is { Kind: ListenerKind.Https }, branch =>
        {
            branch.Use((context, next) =>
            {
                paths.Current.Headers.AddTo(context.Response, overTls: true);
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
            // What started before the listeners did must end before it is disposed of.
            await app.StopAsync(CancellationToken.None);
            return [e.Message];
        }
    }
}
