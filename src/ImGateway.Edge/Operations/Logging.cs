using System.Collections.Concurrent;
using ImGateway.Edge.Configuration;
using Serilog;
using Serilog.Configuration;
using Serilog.Core;
using Serilog.Debugging;
using Serilog.Events;

namespace ImGateway.Edge.Operations;

/// <summary>
/// The log: to standard output, readable in the demo and on a terminal, else one JSON object a line. A <c>Serilog</c> section of the user's
/// overrides levels and adds sinks; with a <c>WriteTo</c> of its own it replaces standard output.
/// </summary>
public static class Logging
{
    /// <summary>How long an event waits for company at most.</summary>
    static readonly TimeSpan FlushInterval = TimeSpan.FromMilliseconds(250);

    /// <summary>Dispose it at exit: that writes what is still waiting.</summary>
    /// <param name="readable">Lines for people even where standard output is not a terminal.</param>
    /// <exception cref="UserError">The <c>Serilog</c> section says what cannot be done.</exception>
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
        // What keeps the host from starting is thrown too, and told to the user in one line; a service that stops the host is fatal to it.
        .MinimumLevel.Override("Microsoft.Extensions.Hosting.Internal.Host", LogEventLevel.Fatal)
        // It warns of every failed request, with a stack trace; what an outage is worth is one line an interval and a metric.
        .MinimumLevel.Override("Yarp.ReverseProxy.Forwarder", LogEventLevel.Error)
        // Its mere being enabled costs an Activity a request; the access log says more.
        .MinimumLevel.Override("Microsoft.AspNetCore.Hosting.Diagnostics", LevelAlias.Off)
        // As the forwarder does, once a probe, with a stack trace; HealthChanges has a line at each change.
        .MinimumLevel.Override("Yarp.ReverseProxy.Health", LogEventLevel.Error)
        // As the forwarder does, once a request; the line about the upstream stands for it.
        .MinimumLevel.Override("Yarp.ReverseProxy.LoadBalancing", LogEventLevel.Error)
        // A client that floods a connection is worth a fatal line, with a stack, a frame to it: whoever wants the disk full has only to ask.
        .MinimumLevel.Override("Microsoft.AspNetCore.Server.Kestrel.Http2", LevelAlias.Off)
        .Enrich.FromLogContext();

    // A batch that cannot be written is given up: retrying would repeat the lines that got through. A reader that stands still costs events, not requests.
    static BatchingOptions Batching => new()
    {
        BufferingTimeLimit = FlushInterval,
        BatchSizeLimit = 1000,
        QueueLimit = 50_000,
        RetryTimeLimit = TimeSpan.Zero,
    };

    /// <summary>Serilog itself passes over sinks it does not know without a word where anybody would see it.</summary>
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
