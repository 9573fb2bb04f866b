using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;

namespace ImGateway.Testing;

/// <summary>One element of an instant vector.</summary>
public sealed record PrometheusSample(IReadOnlyDictionary<string, string> Labels, double Value);

/// <summary>A real Prometheus that scrapes and evaluates until disposed of; it is asked over its HTTP API.</summary>
public sealed class PrometheusServer : IAsyncDisposable
{
    readonly ExternalProcess _process;
    readonly TemporaryDirectory _files;
    readonly HttpClient _http;

    PrometheusServer(ExternalProcess process, TemporaryDirectory files, HttpClient http) => (_process, _files, _http) = (process, files, http);

    public LogBook Log => _process.Log;

    /// <summary>Returns when it is ready.</summary>
    /// <param name="configuration">The text of prometheus.yml.</param>
    public static async Task<PrometheusServer> StartAsync(string configuration)
    {
        var (files, port) = (new TemporaryDirectory(), FreePort.Next());
        var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = TimeSpan.FromSeconds(20) };
        await File.WriteAllTextAsync(files["prometheus.yml"], configuration);
        try
        {
            var process = await ExternalProcess.StartAsync(
                ExternalTool.Prometheus,
                [
                    $"--config.file={files["prometheus.yml"]}", $"--storage.tsdb.path={files["data"]}", $"--web.listen-address=127.0.0.1:{port}",
                    "--storage.tsdb.retention.time=1d", "--log.level=warn",
                ],
                new Dictionary<string, string>(),
                () => IsReadyAsync(http));
            return new PrometheusServer(process, files, http);
        }
        catch
        {
            http.Dispose();
            files.Dispose();
            throw;
        }
    }

    /// <summary>An instant query. A scalar is a sample without labels.</summary>
    /// <exception cref="InvalidOperationException">The expression is wrong: the message says how.</exception>
    public async Task<IReadOnlyList<PrometheusSample>> QueryAsync(string expression)
    {
        using var form = new FormUrlEncodedContent([KeyValuePair.Create("query", expression)]);
        using var response = await _http.PostAsync("/api/v1/query", form);
        var answer = await response.Content.ReadFromJsonAsync<JsonElement>();
        if (answer.GetProperty("status").GetString() != "success") throw new InvalidOperationException($"{answer.GetProperty("error")}: {expression}");
        var data = answer.GetProperty("data");
        var result = data.GetProperty("result");
        return data.GetProperty("resultType").GetString() == "scalar"
            ? [new PrometheusSample(new Dictionary<string, string>(), ValueOf(result))]
            : [.. result.EnumerateArray().Select(sample => new PrometheusSample(LabelsOf(sample.GetProperty("metric")), ValueOf(sample.GetProperty("value"))))];
    }

    /// <summary>Asks again until the answer satisfies <paramref name="condition"/>.</summary>
    /// <exception cref="TimeoutException">It never did; the message holds the last one.</exception>
    public async Task<IReadOnlyList<PrometheusSample>> WaitForAsync(
        string expression, Func<IReadOnlyList<PrometheusSample>, bool> condition, TimeSpan timeout)
    {
        using var limit = new CancellationTokenSource(timeout);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        while (true)
        {
            var samples = await QueryAsync(expression);
            if (condition(samples)) return samples;
            try
            {
                await timer.WaitForNextTickAsync(limit.Token);
            }
            catch (OperationCanceledException e)
            {
                throw new TimeoutException($"{expression} after {timeout}: {string.Join("; ", samples.Select(sample => $"{string.Join(',', sample.Labels)} {sample.Value}"))}", e);
            }
        }
    }

    /// <summary>The groups of <c>/api/v1/rules</c>.</summary>
    public async Task<JsonElement> RulesAsync() => (await _http.GetFromJsonAsync<JsonElement>("/api/v1/rules")).GetProperty("data").GetProperty("groups");

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _http.Dispose();
        _files.Dispose();
    }

    static async Task<bool> IsReadyAsync(HttpClient http)
    {
        try
        {
            using var answer = await http.GetAsync("/-/ready");
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    static Dictionary<string, string> LabelsOf(JsonElement metric) => metric.EnumerateObject().ToDictionary(label => label.Name, label => label.Value.GetString()!);

    /// <summary><c>[time, "value"]</c>.</summary>
    static double ValueOf(JsonElement pair) => pair[1].GetString() switch
    {
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        var text => double.Parse(text!, CultureInfo.InvariantCulture),
    };
}
