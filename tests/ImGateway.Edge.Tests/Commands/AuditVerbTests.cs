using System.CommandLine;
using System.Text.Json;
using ImGateway.Edge.Commands;
using ImGateway.Testing;
using Microsoft.Extensions.Time.Testing;

namespace ImGateway.Edge.Tests.Commands;

public sealed class AuditVerbTests : IDisposable
{
    static readonly DateTimeOffset Now = new(2027, 3, 10, 12, 0, 0, TimeSpan.Zero);

    readonly TemporaryDirectory _directory = new();

    public AuditVerbTests() => Directory.CreateDirectory(_directory["data"]);

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Changes_are_a_table_for_people_and_an_array_for_scripts()
    {
        Record(
            """{"time":"2027-03-01T00:00:00Z","action":"accountRegistered","why":"missing","who":"loop","detail":"ca.example"}""",
            """{"time":"2027-03-09T00:00:00Z","action":"renewed","host":"im.example.com","why":"ari","who":"loop","oldSerial":"0A","newSerial":"0B","chainLength":2}""");

        var (output, json) = (await AuditAsync(), JsonElement.Parse(string.Concat(await AuditAsync("--json"))));

        Assert.Matches("^TIME +HOST +ACTION +WHY +WHO +SERIAL +DETAIL$", output[0]);
        Assert.Matches("^2027-03-01 00:00:00Z +accountRegistered +missing +loop +ca.example$", output[1]);
        Assert.Matches("^2027-03-09 00:00:00Z +im.example.com +renewed +ari +loop +0B for 0A$", output[2]);
        Assert.Equal((2, "0B"), (json.GetArrayLength(), json[1].GetProperty("newSerial").GetString()));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(2, "--name", "im.example.com")]
    [InlineData(1, "--name", "_.wild.example.com")]
    [InlineData(1, "--name", "*.wild.example.com")]
    [InlineData(0, "--name", "other.example.com")]
    [InlineData(2, "--since", "2027-03-02")]
    [InlineData(1, "--since", "2027-03-09T06:00:00Z")]
    [InlineData(1, "--since", "2027-03-09T08:00:00+02:00")]
    [InlineData(2, "--since", "8d")]
    [InlineData(1, "--since", "12:00:00")]
    [InlineData(1, "--since", "13h")]
    [InlineData(1, "--since", "1.00:00:00", "--name", "im.example.com")]
    public async Task Filters_leave_what_was_asked_for(int expected, params string[] filters)
    {
        Record(
            """{"time":"2027-03-01T00:00:00Z","action":"renewed","host":"im.example.com","why":"age","who":"loop"}""",
            """{"time":"2027-03-05T00:00:00Z","action":"renewed","host":"*.wild.example.com","why":"age","who":"loop"}""",
            """{"time":"2027-03-10T06:00:00Z","action":"renewed","host":"im.example.com","why":"age","who":"loop"}""");

        Assert.Equal(expected, JsonElement.Parse(string.Concat(await AuditAsync(["--json", .. filters]))).GetArrayLength());
    }

    [Fact]
    public async Task What_has_been_put_aside_is_read_too_oldest_first_and_filters_reach_it()
    {
        string Line(int day, string host) => $$"""{"time":"2027-03-{{day:D2}}T00:00:00Z","action":"renewed","host":"{{host}}","why":"age","who":"loop"}""" + "\n";
        File.WriteAllText(_directory["data/audit.000002.jsonl"], Line(1, "im.example.com"));
        File.WriteAllText(_directory["data/audit.000010.jsonl"], Line(2, "other.example.com") + Line(3, "im.example.com"));
        Record(Line(4, "im.example.com").TrimEnd());
        // Not a part of it.
        File.WriteAllText(_directory["data/audit.old.jsonl"], Line(5, "im.example.com"));

        var all = JsonElement.Parse(string.Concat(await AuditAsync("--json")));
        var some = JsonElement.Parse(string.Concat(await AuditAsync("--json", "--name", "im.example.com", "--since", "2027-03-02")));

        Assert.Equal([1, 2, 3, 4], all.EnumerateArray().Select(entry => entry.GetProperty("time").GetDateTimeOffset().Day));
        Assert.Equal([3, 4], some.EnumerateArray().Select(entry => entry.GetProperty("time").GetDateTimeOffset().Day));
    }

    [Fact]
    public async Task Where_nothing_is_recorded_it_says_so()
    {
        Assert.Equal(["nothing is recorded"], await AuditAsync());
        Assert.Equal("[]", string.Concat(await AuditAsync("--json")));
    }

    [Fact]
    public async Task What_a_CA_wrote_stays_on_its_line()
    {
        Record("""{"time":"2027-03-01T00:00:00Z","action":"renewalFailed","host":"im.example.com","why":"age","who":"loop","detail":"a\nb\u001b[31m"}""");

        Assert.Equal(2, (await AuditAsync()).Length);
        Assert.DoesNotContain('\u001b', string.Concat(await AuditAsync()));
    }

    void Record(params string[] lines) => File.WriteAllLines(_directory["data/audit.jsonl"], lines);

    async Task<string[]> AuditAsync(params string[] arguments)
    {
        var config = _directory["appsettings.json"];
        await File.WriteAllTextAsync(config, JsonSerializer.Serialize(new { Edge = new { DataDirectory = _directory["data"] } }));
        var (output, error) = (new StringWriter(), new StringWriter());
        var root = new RootCommand { AuditCommand.Create(new FakeTimeProvider(Now)) };
        Assert.Equal((0, ""), (await CommandLine.InvokeAsync(root, ["audit", .. arguments, "--config", config], new InvocationConfiguration { Output = output, Error = error }), error.ToString()));
        return output.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
    }
}
