using System.Net;
using ImGateway.Edge.Certificates;
using ImGateway.Edge.Challenges;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Connections;
using ImGateway.Edge.Operations;
using ImGateway.Edge.Proxying;
using ImGateway.Edge.Tls;
using Microsoft.AspNetCore.Server.Kestrel.Core;
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
            .AddHostedService<ListenerLog>()
            .AddHostedService<MemoryReturn>()
            .Configure<HostOptions>(host => host.ShutdownTimeout = ShutdownTimeout);
        builder.WebHost.UseKestrelCore().UseBlockPools().UseControlSocket().UsePublicTransport(plan)
            .ConfigureKestrel(kestrel => Listen(kestrel, options, plan));
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
        // 1. Who may ask it to stop: signals, the caller, verbs from step 5 on, and a service of ours that cannot go on.
        app.Services.GetRequiredService<Signals>().Listen();
        var stop = app.Services.GetRequiredService<StopRequest>();
        using var asked = cancellationToken.UnsafeRegister(static stop => ((StopRequest)stop!).InOrder(), stop);
        using var failed = app.Lifetime.ApplicationStopping.UnsafeRegister(static stop => ((StopRequest)stop!).InOrder(), stop);
        try
        {
            // 2. What verbs reach the edge by, and what it was given to listen on.
            // 3. The policy must be in force, not just written down.
            // 4. Certificates, before any client can ask for one; then the policy with their keys.
            // 5. Listeners.
            IReadOnlyList<string> problems =
                [.. OpenFiles.Problems(OpenFiles.Limit), .. ControlSocket.Problems(app.Services.GetRequiredService<CurrentOptions>().Value), .. app.Services.GetRequiredService<ListenPlan>().Problems];
            if (problems.Count == 0) problems = await PolicyProof.ProblemsAsync(
                app.Services.GetRequiredService<CurrentOptions>().Value, app.Services.GetRequiredService<ITlsEngine>(), app.Services.GetRequiredService<TimeProvider>(), stop.Asked);
            if (problems.Count == 0) problems = await LoadCertificatesAsync(app, stop.Asked);
            if (problems.Count == 0) problems = await app.Services.GetRequiredService<PolicyProof>().ServedProblemsAsync(stop.Asked);
            if (problems.Count == 0) problems = await ListenAsync(app, stop.Asked);
            foreach (var problem in problems) await error.WriteLineAsync(problem.AsMemory(), CancellationToken.None);
            if (problems.Count > 0) return 1;

            // 6. Until somebody asks.
            onListening?.Invoke();
            await stop.WhenAskedAsync();

            // 7. Clients first, then the management port and the control socket, then what keeps certificates fresh.
            await app.Services.GetRequiredService<Shutdown>().DrainAsync();
        }
        catch (OperationCanceledException) when (stop.IsAsked)
        {
            // While it was starting: there is nobody to let go gently.
        }

        await app.StopAsync(CancellationToken.None);
        return 0;
    }

    static void Listen(KestrelServerOptions kestrel, EdgeOptions options, ListenPlan plan)
    {
        KestrelSettings.Configure(kestrel, options);
        var tls = kestrel.ApplicationServices.GetRequiredService<IListenerTransport>();
        Bind(plan.Https, (address, setting) => new PublicEndPoint(address, setting) { Transport = tls }, listener =>
        {
            listener.UseTlsEngine();
            listener.UseListenerKind(ListenerKind.Https);
        });
        Bind(plan.Http, (address, setting) => new PublicEndPoint(address, setting), listener =>
        {
            listener.UseConnectionGate();
            PlainListener(listener, ListenerKind.Http);
        });
        Bind(plan.Management, (address, setting) => new ManagementEndPoint(address, setting), listener => PlainListener(listener, ListenerKind.Management));
        kestrel.Listen(new ControlEndPoint(ControlSocket.PathIn(options)), listener => PlainListener(listener, ListenerKind.Control));

        void Bind(IEnumerable<ListenTarget> targets, Func<EndPoint, string, EndPoint> create, Action<ListenOptions> configure)
        {
            foreach (var target in targets)
            {
                var endPoint = create(target.Inherited is { } socket ? new InheritedEndPoint(socket) : EndPointOf(target.Address), target.Setting);
                kestrel.Listen(endPoint, listener =>
                {
                    if (endPoint is PublicEndPoint) listener.UseClientConnections();
                    configure(listener);
                });
            }
        }

        static IPEndPoint EndPointOf(ListenAddress address) => new(address.Address ?? IPAddress.IPv6Any, address.Port);

        static void PlainListener(ListenOptions listener, ListenerKind kind)
        {
            listener.Protocols = HttpProtocols.Http1;
            listener.UseListenerKind(kind);
        }
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

    static async Task<IReadOnlyList<string>> LoadCertificatesAsync(WebApplication app, CancellationToken cancellationToken)
    {
        try
        {
            await app.Services.GetRequiredService<CertificateManager>().LoadAsync(cancellationToken);
            return [];
        }
        catch (CertificateLoadException problems)
        {
            return problems.Lines;
        }
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
