using System.Net.Http.Json;

namespace ImGateway.Testing;

/// <summary>The name server that a <see cref="Pebble"/> asks: every name is 127.0.0.1 until a test says otherwise.</summary>
public sealed class PebbleDns : IAsyncDisposable
{
    readonly ExternalProcess _process;
    readonly HttpClient _management;

    PebbleDns(ExternalProcess process, HttpClient management, string address)
    {
        _process = process;
        _management = management;
        Address = address;
    }

    /// <summary>Address and port, UDP and TCP.</summary>
    public string Address { get; }

    /// <summary>For programs that set records themselves.</summary>
    public Uri Management => _management.BaseAddress!;

    public static async Task<PebbleDns> StartAsync(bool debian)
    {
        const string variable = "PEBBLE_CHALLTESTSRV";
        debian |= Environment.GetEnvironmentVariable(variable) is null;
        var (dns, port) = (FreePort.Next(), FreePort.Next());
        var management = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = TimeSpan.FromSeconds(20) };
        string[] arguments =
        [
            "-management", $"127.0.0.1:{port}", "-http01", "", "-https01", "", "-tlsalpn01", "", "-defaultIPv6", "",
            .. debian ? new[] { "-dns01", $"127.0.0.1:{dns}" } : ["-dnsserver", $"127.0.0.1:{dns}", "-doh", ""],
        ];
        try
        {
            var process = await ExternalProcess.StartAsync(Pebble.Program(variable, "pebble-challtestsrv", debian), arguments,
                new Dictionary<string, string>(), () => Pebble.AnswersAsync(management, "/"));
            return new PebbleDns(process, management, $"127.0.0.1:{dns}");
        }
        catch
        {
            management.Dispose();
            throw;
        }
    }

    public Task AddARecordAsync(string host, params string[] addresses) => PostAsync("add-a", new { host = Absolute(host), addresses });

    public Task AddAaaaRecordAsync(string host, params string[] addresses) => PostAsync("add-aaaa", new { host = Absolute(host), addresses });

    /// <summary>Adds a value; others stay.</summary>
    public Task SetTxtAsync(string host, string value) => PostAsync("set-txt", new { host = Absolute(host), value });

    /// <summary>Removes all values.</summary>
    public Task ClearTxtAsync(string host) => PostAsync("clear-txt", new { host = Absolute(host) });

    /// <summary>What names without records resolve to; empty: to nothing.</summary>
    public Task SetDefaultIPv4Async(string address) => PostAsync("set-default-ipv4", new { ip = address });

    public Task SetServFailAsync(string host) => PostAsync("set-servfail", new { host = Absolute(host) });

    public async ValueTask DisposeAsync()
    {
        _management.Dispose();
        await _process.DisposeAsync();
    }

    async Task PostAsync(string path, object body)
    {
        using var answer = await _management.PostAsJsonAsync(path, body);
        answer.EnsureSuccessStatusCode();
    }

    static string Absolute(string host) => host.TrimEnd('.') + ".";
}
