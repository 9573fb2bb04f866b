using System.Text.Json;
using System.Text.Json.Serialization;

namespace ImGateway.Edge.Operations;

/// <summary>The last hour in steps, oldest first; all lists are equally long.</summary>
/// <param name="Until">Of the last step.</param>
/// <param name="WebSockets">Open at the end of each step.</param>
/// <param name="Connections">Open at the end of each step.</param>
/// <param name="Handshakes">Completed within each step.</param>
/// <param name="Requests">Answered within each step.</param>
public sealed record HistoryStatus(
    int StepSeconds,
    DateTimeOffset Until,
    [property: JsonConverter(typeof(OneLineNumbers))] IReadOnlyList<long> WebSockets,
    [property: JsonConverter(typeof(OneLineNumbers))] IReadOnlyList<long> Connections,
    [property: JsonConverter(typeof(OneLineNumbers))] IReadOnlyList<long> Handshakes,
    [property: JsonConverter(typeof(OneLineNumbers))] IReadOnlyList<long> Requests);

/// <summary>
/// What clients did lately, so that a page shows where things come from as soon as it is opened. A bounded number of samples of what is counted
/// anyway.
/// </summary>
sealed partial class TrafficHistory(Traffic traffic, TimeProvider time, ILogger<TrafficHistory> logger) : BackgroundService
{
    public static readonly TimeSpan Step = TimeSpan.FromSeconds(10);

    /// <summary>An hour of them.</summary>
    public const int MostSamples = 360;

    readonly Lock _lock = new();
    readonly Queue<Sample> _samples = new(MostSamples);
    DateTimeOffset _until;
    long _handshakes, _requests;

    public HistoryStatus Read()
    {
        lock (_lock)
        {
            return new HistoryStatus(
                (int)Step.TotalSeconds,
                _until,
                [.. _samples.Select(sample => (long)sample.WebSockets)],
                [.. _samples.Select(sample => (long)sample.Connections)],
                [.. _samples.Select(sample => sample.Handshakes)],
                [.. _samples.Select(sample => sample.Requests)]);
        }
    }

    internal void Take()
    {
        var (handshakes, requests) = (traffic.CompletedHandshakes, traffic.AnsweredRequests);
        lock (_lock)
        {
            if (_samples.Count == MostSamples) _samples.Dequeue();
            _samples.Enqueue(new Sample(traffic.OpenWebSockets, traffic.Connections, handshakes - _handshakes, requests - _requests));
            (_until, _handshakes, _requests) = (time.GetUtcNow(), handshakes, requests);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        Rounds.Try(Take, SampleFailed);
        await Rounds.RunAsync(Step, time, Take, SampleFailed, stoppingToken);
    }

    [LoggerMessage(1, LogLevel.Error, "A sample of the last hour's traffic failed; the next is in some seconds")]
    partial void SampleFailed(Exception exception);

    sealed record Sample(int WebSockets, int Connections, long Handshakes, long Requests);
}

/// <summary>Hundreds of numbers, one below the other, would bury everything else for whoever reads the answer in a terminal.</summary>
sealed class OneLineNumbers : JsonConverter<IReadOnlyList<long>>
{
    public override IReadOnlyList<long> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        JsonSerializer.Deserialize<long[]>(ref reader, options) ?? [];

    public override void Write(Utf8JsonWriter writer, IReadOnlyList<long> value, JsonSerializerOptions options) =>
        writer.WriteRawValue($"[{string.Join(',', value)}]");
}
