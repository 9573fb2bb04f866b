using System.Net;
using System.Text;
using ImGateway.Edge;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Configuration.Reading;
using ImGateway.Edge.Operations;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Prometheus;
using Serilog.Core;
using Serilog.Events;

namespace ImGateway.Testing;

/// <summary>
/// The edge in this process: what <see cref="EdgeApplication.Build"/> makes, with all of its services, on ports that were free. For tests that
/// replace a service, read what no client can see, or start so often that a process each would take too long.
/// </summary>
public sealed class InProcessEdge : IAsyncDisposable
{
    static readonly ListenAddress AnyPort = new(IPAddress.Loopback, 0);

    /// <summary>Of each step of the end.</summary>
    static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(60);

    readonly Logger _logger;
    readonly WebApplication _app;

    InProcessEdge(EdgeOptions options, IConfiguration? configuration, Action<IServiceCollection>? services)
    {
        Options = options;
        _logger = LoggerSetup.WithLevels().WriteTo.Sink(new LogSink(Log)).CreateLogger();
        _app = EdgeApplication.Build(options, configuration ?? new ConfigurationBuilder().Build(), TestProcess.Engines, _logger, services: services);
    }

    /// <summary>All three listeners on ports that the system chooses, for <see cref="EdgeOptions.Listen"/>.</summary>
    public static ListenSection OnAnyPorts(ListenSection listen) => listen with { Https = [AnyPort], Http = [AnyPort], Management = [AnyPort] };

    public EdgeOptions Options { get; }

    public LogBook Log { get; } = new();

    public IServiceProvider Services => _app.Services;

    public IPEndPoint Https => Listener(0);

    public IPEndPoint Http => Listener(Options.Listen.Https.Count);

    public IPEndPoint Management => Listener(Options.Listen.Https.Count + Options.Listen.Http.Count);

    /// <summary>Listens when this returns, with the certificates that can be had without a CA.</summary>
    /// <param name="options">With a data directory of the test's own.</param>
    /// <param name="configuration">For the sections that belong to libraries: <c>ReverseProxy</c>.</param>
    /// <param name="services">Registered last: what replaces a service of the edge, or adds a listener.</param>
    /// <param name="engine">Null: that of <paramref name="options"/>, or <see cref="TestedEngines.Default"/> where they leave it at the default.</param>
    public static async Task<InProcessEdge> StartAsync(
        EdgeOptions options, IConfiguration? configuration = null, Action<IServiceCollection>? services = null, TlsEngine? engine = null)
    {
        if (options.Tls.Engine == new TlsSection().Engine) engine ??= TestedEngines.Default.OfProduct();
        var edge = new InProcessEdge(options with { Tls = options.Tls with { Engine = engine ?? options.Tls.Engine } }, configuration, services);
        try
        {
            await edge._app.StartAsync();
            return edge;
        }
        catch
        {
            await edge.DisposeAsync();
            throw;
        }
    }

    /// <summary>As <see cref="StartAsync(EdgeOptions, IConfiguration, Action{IServiceCollection}, TlsEngine?)"/>, by a configuration file.</summary>
    public static Task<InProcessEdge> StartAsync(string configFile, Action<IServiceCollection>? services = null)
    {
        var configuration = EdgeConfiguration.Load(configFile);
        var read = EdgeConfiguration.Read(configuration);
        return StartAsync(read.Options ?? throw new InvalidOperationException(string.Join('\n', read.Problems)), configuration, services);
    }

    /// <summary>A listener by its place: those of <see cref="EdgeOptions.Listen"/>, the control socket, and what the test has added.</summary>
    public IPEndPoint Listener(int place)
    {
        var addresses = Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        var address = new Uri(addresses.ElementAt(place));
        return new IPEndPoint(IPAddress.Parse(address.Host), address.Port);
    }

    public async Task<Scrape> GetMetricsAsync()
    {
        using var text = new MemoryStream();
        await Services.GetRequiredService<CollectorRegistry>().CollectAndExportAsTextAsync(text);
        return new Scrape(Encoding.UTF8.GetString(text.ToArray()));
    }

    /// <summary>Reads the metrics until they satisfy <paramref name="condition"/>: some are counted just after a client has its response.</summary>
    public Task<Scrape> WaitForMetricsAsync(Func<Scrape, bool> condition, TimeSpan timeout) => Scrape.WaitForAsync(GetMetricsAsync, condition, timeout);

    /// <summary>Cuts connections, and returns when nothing of the edge runs any more.</summary>
    /// <exception cref="TimeoutException">Something does not end.</exception>
    public async ValueTask DisposeAsync()
    {
        await EndsAsync("The host", _app.StopAsync(new CancellationToken(canceled: true)));
        foreach (var service in _app.Services.GetServices<IHostedService>().OfType<BackgroundService>())
        {
            if (service.ExecuteTask is { } task) await EndsAsync(service.GetType().Name, Task.WhenAny(task));
        }

        await EndsAsync("The container", Task.Run(() => _app.DisposeAsync().AsTask()));
        await _logger.DisposeAsync();
    }

    static async Task EndsAsync(string what, Task end)
    {
        try
        {
            await end.WaitAsync(StopLimit);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"{what} of the edge in this process has not ended after {StopLimit}.", e);
        }
    }

    /// <summary>The lines that the edge would write to standard output.</summary>
    sealed class LogSink(LogBook book) : ILogEventSink
    {
        static readonly JsonLineFormatter Format = new();

        public void Emit(LogEvent logEvent)
        {
            using var text = new StringWriter();
            Format.Format(logEvent, text);
            book.Add(text.ToString().TrimEnd('\n'));
        }
    }
}
