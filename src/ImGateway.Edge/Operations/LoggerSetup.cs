using System.Collections.Concurrent;
using ImGateway.Edge.Configuration;
using Serilog;
using Serilog.Configuration;
using Serilog.Core;
using Serilog.Debugging;
using Serilog.Events;

namespace ImGateway.Edge.Operations;

/// <summary>
/// The log: to standard output, as readable lines in the demo and on a terminal, otherwise one JSON object for each line. A <c>Serilog</c> section
/// in the configuration overrides levels and adds sinks; with <c>WriteTo</c> it replaces standard output.
/// </summary>
public static class LoggerSetup
{
    /// <summary>The longest time that an event waits for its batch.</summary>
    static readonly TimeSpan FlushInterval = TimeSpan.FromMilliseconds(250);

    /// <summary>Creates the logger. Disposing it at exit flushes the last batch.</summary>
    /// <param name="readable">Writes readable lines even if standard output is not a terminal.</param>
    /// <exception cref="UserError">The <c>Serilog</c> section is invalid.</exception>
    public static Logger CreateLogger(IConfiguration configuration, bool readable)
    {
        var terminal = !Console.IsOutputRedirected;
        var colours = terminal && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
        return CreateLogger(configuration, readable || terminal, colours, Console.OpenStandardOutput());
    }

    internal static Logger CreateLogger(IConfiguration configuration, bool readable, bool colours, Stream output)
    {
        var section = configuration.GetSection("Serilog");
        var logger = WithLevels();
        if (!section.GetSection("WriteTo").Exists()) logger.WriteTo.Sink(Output(), Batching);
        return section.Exists() ? CreateConfigured(logger, configuration) : logger.CreateLogger();

        IBatchedLogEventSink Output() => new BatchedStreamSink(output, readable ? new ReadableFormatter(colours) : new JsonLineFormatter());
    }

    /// <summary>What is logged unless the <c>Serilog</c> section says otherwise.</summary>
    internal static LoggerConfiguration WithLevels() => new LoggerConfiguration()
        .MinimumLevel.Information()
        .MinimumLevel.Override("Microsoft", LogEventLevel.Warning)
        .MinimumLevel.Override("System", LogEventLevel.Warning)
        .MinimumLevel.Override("Yarp", LogEventLevel.Warning)
        // Start errors are thrown too and reported to the user in one line; a background service that stops the host is logged as fatal.
        .MinimumLevel.Override("Microsoft.Extensions.Hosting.Internal.Host", LogEventLevel.Fatal)
        // YARP's forwarder warns of every failed request, with a stack trace; an outage gets one line for each interval and a metric instead.
        .MinimumLevel.Override("Yarp.ReverseProxy.Forwarder", LogEventLevel.Error)
        // If enabled, it costs an Activity for each request; the access log has more details.
        .MinimumLevel.Override("Microsoft.AspNetCore.Hosting.Diagnostics", LevelAlias.Off)
        // It warns of every failed health check, with a stack trace; HealthChangeLog logs each change of state instead.
        .MinimumLevel.Override("Yarp.ReverseProxy.Health", LogEventLevel.Error)
        // It warns for every request; the edge's own line about the upstream replaces it.
        .MinimumLevel.Override("Yarp.ReverseProxy.LoadBalancing", LogEventLevel.Error)
        // It logs a fatal line with a stack trace for each frame of a flooding client, which could fill the disk.
        .MinimumLevel.Override("Microsoft.AspNetCore.Server.Kestrel.Http2", LevelAlias.Off)
        .Enrich.FromLogContext();

    // A batch that cannot be written is dropped: a retry would repeat the lines already written. A blocked reader loses events and does not block requests.
    static BatchingOptions Batching => new()
    {
        BufferingTimeLimit = FlushInterval,
        BatchSizeLimit = 1000,
        QueueLimit = 50_000,
        RetryTimeLimit = TimeSpan.Zero,
    };

    /// <summary>Serilog ignores unknown sinks silently, so they are reported here.</summary>
    static Logger CreateConfigured(LoggerConfiguration logger, IConfiguration configuration)
    {
        var complaints = new ConcurrentQueue<string>();
        SelfLog.Enable(complaints.Enqueue);
        try
        {
            var created = logger.ReadFrom.Configuration(configuration).CreateLogger();
            foreach (var complaint in complaints) created.ForContext(Constants.SourceContextPropertyName, "Serilog").Warning("Serilog: {Complaint:l}", complaint);
            return created;
        }
        catch (Exception exception) when (exception is InvalidOperationException or ArgumentException or FormatException)
        {
            throw new UserError($"Serilog: {exception.Message}; correct that section", exception);
        }
        finally
        {
            SelfLog.Disable();
        }
    }
}
