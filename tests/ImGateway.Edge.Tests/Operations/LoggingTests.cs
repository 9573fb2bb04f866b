using System.Text;
using System.Text.Json;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Operations;
using Microsoft.Extensions.Configuration;

namespace ImGateway.Edge.Tests.Operations;

public sealed class LoggingTests
{
    /// <summary>A forged line, a terminal sequence by C0 and by C1, a line separator and a right-to-left override.</summary>
    const string Hostile = "x\r\n{\"@t\":\"forged\"}\u001b[2J\u009b2J\u2028\u202e\u007f\"\\";

    [Fact]
    public async Task Closing_writes_what_still_waits()
    {
        var lines = await LogAsync(readable: false, log =>
        {
            for (var number = 0; number < 5000; number++) log.Information("event {Number}", number);
        });

        Assert.Equal(Enumerable.Range(0, 5000), lines.Select(line => Parse(line).GetProperty("Number").GetInt32()));
    }

    [Fact]
    public async Task An_event_is_written_within_the_interval_without_more_events_to_push_it()
    {
        var output = new SignallingStream();
        await using var log = LoggerSetup.CreateLogger(Configuration(), readable: false, colours: false, output);

        log.Information("first");
        log.Information("second");

        await output.Written("second").WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task A_reader_that_stops_does_not_block_the_threads_that_log()
    {
        var output = new SignallingStream();
        var log = LoggerSetup.CreateLogger(Configuration(), readable: false, colours: false, output);
        output.Block();

        for (var number = 0; number < 10_000; number++) log.Information("event {Number}", number);

        // Reaching this line is the point: nothing was read yet.
        Assert.DoesNotContain("event 9999", output.Text);
        output.Unblock();
        await log.DisposeAsync();
        Assert.Contains("event 9999", output.Text);
    }

    [Fact]
    public async Task Json_messages_hold_any_kind_of_value_and_quote_no_text()
    {
        var line = Assert.Single(await LogAsync(readable: false, log =>
            log.Information("{Text} {Day} {Number} {Until:u} {Missing}", "text", DayOfWeek.Friday, 7, DateTimeOffset.UnixEpoch)));

        Assert.Equal("text Friday 7 1970-01-01 00:00:00Z {Missing}", Parse(line).GetProperty("@m").GetString());
    }

    [Fact]
    public async Task An_event_that_cannot_be_formatted_costs_no_other_its_line()
    {
        var lines = await LogAsync(readable: false, log =>
        {
            log.Information("{Day:nonsense}", DayOfWeek.Friday);
            log.Information("next");
        });

        Assert.Equal(["A log event could not be written: {Day:nonsense}", "next"], lines.Select(line => Parse(line).GetProperty("@m").GetString()));
    }

    [Fact]
    public async Task Json_carries_hostile_text_escaped_and_unchanged()
    {
        var line = Assert.Single(await LogAsync(readable: false, log => log.Information("agent {Agent}", Hostile)));

        Assert.DoesNotContain(line, char.IsControl);
        Assert.DoesNotContain('\u2028', line);
        Assert.DoesNotContain('\u202e', line);
        Assert.Equal(Hostile, Parse(line).GetProperty("Agent").GetString());
    }

    [Fact]
    public async Task Readable_lines_carry_hostile_text_escaped()
    {
        var line = Assert.Single(await LogAsync(readable: true, log => log.Information("agent {Agent}", Hostile)));

        Assert.DoesNotContain(line, char.IsControl);
        Assert.DoesNotContain('\u202e', line);
        Assert.Contains(@"x\u000d\n{", line);
        Assert.Contains(@"\u001b[2J\u009b2J\u2028\u202e\u007f", line);
    }

    [Fact]
    public async Task An_exception_follows_indented_so_that_its_text_cannot_pass_for_an_event()
    {
        var lines = await LogAsync(readable: true, log => log.Error(new FormatException("bad\n12:00:00.000 inf forged\u001b[2J"), "failed"));

        Assert.EndsWith("ERR failed", lines[0]);
        Assert.All(lines.Skip(1), line => Assert.StartsWith("    ", line));
        Assert.DoesNotContain(lines, line => line.Any(char.IsControl));
    }

    [Fact]
    public async Task The_frameworks_speak_up_only_to_warn()
    {
        var lines = await LogAsync(readable: true, log =>
        {
            log.ForContext("SourceContext", "Microsoft.AspNetCore.Hosting.Diagnostics").Information("noise");
            log.ForContext("SourceContext", "Yarp.ReverseProxy.Forwarder.HttpForwarder").Warning("noise");
            log.ForContext("SourceContext", "Microsoft.AspNetCore.Server.Kestrel.Http2").Fatal("A client exceeded a queue");
            log.ForContext("SourceContext", "Microsoft.Extensions.Hosting.Internal.Host").Error(new IOException("port in use"), "Hosting failed to start");
            log.ForContext("SourceContext", "ImGateway.Edge.Tls").Information("ours {Day:l} {Kind}", "on", DayOfWeek.Friday);
            log.ForContext("SourceContext", "Microsoft.AspNetCore.Server.Kestrel").Warning("warned");
        });

        Assert.Equal(["inf ours on Friday", "WRN warned"], lines.Select(line => line[13..]));
    }

    [Fact]
    public async Task Levels_of_the_users_section_win()
    {
        var lines = await LogAsync(
            readable: true,
            log =>
            {
                log.ForContext("SourceContext", "Microsoft.AspNetCore.Hosting").Information("asked for");
                log.Information("too quiet");
                log.Warning("loud enough");
            },
            ("Serilog:MinimumLevel:Default", "Warning"),
            ("Serilog:MinimumLevel:Override:Microsoft", "Information"));

        Assert.Equal(["inf asked for", "WRN loud enough"], lines.Select(line => line[13..]));
    }

    [Fact]
    public async Task A_WriteTo_of_the_users_replaces_standard_output()
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("imgw-log-").FullName, "edge.log");
        var lines = await LogAsync(
            readable: false,
            log => log.Information("into the file"),
            ("Serilog:Using:0", "Serilog.Sinks.File"),
            ("Serilog:WriteTo:0:Name", "File"),
            ("Serilog:WriteTo:0:Args:path", file));

        Assert.Empty(lines);
        Assert.Contains("into the file", await File.ReadAllTextAsync(file));
        Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
    }

    [Fact]
    public void An_impossible_level_is_a_message_for_the_user()
    {
        var error = Assert.Throws<UserError>(() =>
            LoggerSetup.CreateLogger(Configuration(("Serilog:MinimumLevel:Default", "Loud")), readable: false, colours: false, Stream.Null));

        Assert.StartsWith("Serilog: ", error.Message);
        Assert.Contains("Loud", error.Message);
    }

    static async Task<IReadOnlyList<string>> LogAsync(bool readable, Action<Serilog.ILogger> log, params (string Key, string Value)[] settings)
    {
        using var output = new MemoryStream();
        await using (var logger = LoggerSetup.CreateLogger(Configuration(settings), readable, colours: false, output)) log(logger);
        return Encoding.UTF8.GetString(output.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    static IConfiguration Configuration(params (string Key, string Value)[] settings) => new ConfigurationBuilder()
        .AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create<string, string?>(setting.Key, setting.Value)))
        .Build();

    static JsonElement Parse(string line)
    {
        using var json = JsonDocument.Parse(line);
        return json.RootElement.Clone();
    }
}
