using System.Text.Json;
using System.Text.Json.Serialization;
using ImGateway.Edge.Scheduling;

namespace ImGateway.Edge.Operations.Status;

/// <summary>The last hour in steps, oldest first; all lists have the same length.</summary>
/// <param name="Until">The end of the last step.</param>
/// <param name="WebSockets">WebSockets open at the end of each step.</param>
/// <param name="Connections">Connections open at the end of each step.</param>
/// <param name="Handshakes">Handshakes completed within each step.</param>
/// <param name="Requests">Requests answered within each step.</param>
public sealed record HistoryStatus(
    int StepSeconds,
    DateTimeOffset Until,
    [property: JsonConverter(typeof(SingleLineNumbers))] IReadOnlyList<long> WebSockets,
    [property: JsonConverter(typeof(SingleLineNumbers))] IReadOnlyList<long> Connections,
    [property: JsonConverter(typeof(SingleLineNumbers))] IReadOnlyList<long> Handshakes,
    [property: JsonConverter(typeof(SingleLineNumbers))] IReadOnlyList<long> Requests);

/// <summary>
/// Samples of the traffic counters, so that the status page has a history as soon as it is opened. The number of samples is
/// bounded.
/// </summary>
sealed partial class TrafficHistory(Traffic traffic, TimeProvider time, ILogger<TrafficHistory> logger) : BackgroundService
{
    public static readonly TimeSpan Step = TimeSpan.FromSeconds(10);

    /// <summary>The number of samples in an hour.</summary>
    public const int MaxSamples = 360;

    readonly Lock _lock = new();
    readonly Queue<Sample> _samples = new(MaxSamples);
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

    internal void TakeSample()
    {
        var (handshakes, requests) = (traffic.CompletedHandshakes, traffic.AnsweredRequests);
        lock (_lock)
        {
            if (_samples.Count == MaxSamples) _samples.Dequeue();
            _samples.Enqueue(new Sample(traffic.OpenWebSockets, traffic.Connections, handshakes - _handshakes, requests - _requests));
            (_until, _handshakes, _requests) = (time.GetUtcNow(), handshakes, requests);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        PeriodicTask.RunOnce(TakeSample, SampleFailed);
        await PeriodicTask.RunAsync(Step, time, TakeSample, SampleFailed, stoppingToken);
    }

    [LoggerMessage(1, LogLevel.Error, "A sample of the last hour's traffic failed; the next is in some seconds")]
    partial void SampleFailed(Exception exception);

    sealed record Sample(int WebSockets, int Connections, long Handshakes, long Requests);
}

/// <summary>Writes number lists in one line, because hundreds of lines would make the response unreadable in a terminal.</summary>
sealed class SingleLineNumbers : JsonConverter<IReadOnlyList<long>>
{
    public override IReadOnlyList<long> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        JsonSerializer.Deserialize<long[]>(ref reader, options) ?? [];

    public override void Write(Utf8JsonWriter writer, IReadOnlyList<long> value, JsonSerializerOptions options) =>
        writer.WriteRawValue($"[{string.Join(',', value)}]");
}
