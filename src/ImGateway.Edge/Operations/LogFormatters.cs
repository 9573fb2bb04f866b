using Serilog.Events;
using Serilog.Formatting;
using Serilog.Formatting.Compact;
using Serilog.Formatting.Display;
using Serilog.Parsing;

namespace ImGateway.Edge.Operations;

/// <summary>Writes one compact JSON object (CLEF) for each line, with the rendered message.</summary>
sealed class JsonLineFormatter : ITextFormatter
{
    readonly RenderedCompactJsonFormatter _inner = new();

    // Serilog escapes what JSON demands, the C0 controls; a C1 control such as CSI (U+009B) would still reach a terminal.
    public void Format(LogEvent logEvent, TextWriter output) => _inner.Format(Literal(logEvent), new EscapingWriter(output, "\n"));

    /// <summary>Renders strings without Serilog's quotes, which JSON would escape again.</summary>
    static LogEvent Literal(LogEvent e)
    {
        var tokens = e.MessageTemplate.Tokens.Select(token => token is PropertyToken { Format: null } hole
            && e.Properties.GetValueOrDefault(hole.PropertyName) is ScalarValue { Value: string }
                ? new PropertyToken(hole.PropertyName, hole.ToString(), "l", hole.Alignment)
                : token);
        return new LogEvent(
            e.Timestamp, e.Level, e.Exception, new MessageTemplate(e.MessageTemplate.Text, tokens),
            e.Properties.Select(property => new LogEventProperty(property.Key, property.Value)), e.TraceId ?? default, e.SpanId ?? default);
    }
}

/// <summary>Writes one readable line for each event. Exceptions follow indented, so that their text cannot be mistaken for an event.</summary>
sealed class ReadableFormatter(bool colours) : ITextFormatter
{
    readonly MessageTemplateTextFormatter _message = new("{Message:l}");

    public void Format(LogEvent logEvent, TextWriter output)
    {
        output.Write(logEvent.Timestamp.ToLocalTime().ToString("HH:mm:ss.fff "));
        output.Write(Level(logEvent.Level));
        _message.Format(logEvent, new EscapingWriter(output, "\\n"));
        if (logEvent.Exception is { } exception) new EscapingWriter(output, "\n    ").Write($"\n{exception}");
        output.Write('\n');
    }

    string Level(LogEventLevel level) => level switch
    {
        LogEventLevel.Verbose or LogEventLevel.Debug => Coloured("dbg ", "\e[2m"),
        LogEventLevel.Information => Coloured("inf ", "\e[32m"),
        LogEventLevel.Warning => Coloured("WRN ", "\e[33m"),
        _ => Coloured("ERR ", "\e[31m"),
    };

    string Coloured(string text, string colour) => colours ? $"{colour}{text}\e[0m" : text;
}
