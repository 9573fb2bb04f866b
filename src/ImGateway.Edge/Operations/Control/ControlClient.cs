using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Operations.Status;

namespace ImGateway.Edge.Operations.Control;

/// <summary>The verbs' client of the running edge's control socket.</summary>
sealed class ControlClient : IDisposable
{
    /// <summary>Time-out for a swap, which makes a test handshake for every host that it changes.</summary>
    static readonly TimeSpan ResponseTimeout = TimeSpan.FromSeconds(60);

    readonly HttpClient _http;
    readonly string _path;

    public ControlClient(EdgeOptions options)
    {
        foreach (var problem in ControlSocket.Problems(options)) throw new UserError(problem);
        _path = ControlSocket.PathIn(options);
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false, ConnectCallback = ConnectAsync })
        {
            BaseAddress = new Uri("http://imgw"),
            Timeout = ResponseTimeout,
            MaxResponseContentBufferSize = 16 * 1024 * 1024,
        };
    }

    public string Path => _path;

    /// <summary>Null if no edge is running.</summary>
    /// <exception cref="UserError">An edge is running and does not answer, or refuses this user.</exception>
    public Task<ControlReply<T>?> GetAsync<T>(string path, CancellationToken cancellationToken) =>
        SendAsync<T>(() => new HttpRequestMessage(HttpMethod.Get, path), cancellationToken);

    /// <summary>Like <see cref="GetAsync"/>, with a body.</summary>
    public Task<ControlReply<T>?> PostAsync<T>(string path, object? body, CancellationToken cancellationToken) =>
        SendAsync<T>(
            () => new HttpRequestMessage(HttpMethod.Post, path) { Content = body is null ? null : JsonContent.Create(body, body.GetType(), options: StatusCollector.Json) },
            cancellationToken);

    /// <summary>Like <see cref="PostAsync"/>, for long operations: reports each line of progress (<see cref="ControlProgress"/>).</summary>
    public Task<ControlReply<T>?> FollowAsync<T>(string path, object body, IProgress<string> progress, CancellationToken cancellationToken) => SendAsync(
        () => new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body, body.GetType(), options: StatusCollector.Json) },
        HttpCompletionOption.ResponseHeadersRead,
        async content =>
        {
            using var lines = new StreamReader(await content.ReadAsStreamAsync(cancellationToken));
            while (await lines.ReadLineAsync(cancellationToken) is { } line)
            {
                var message = JsonSerializer.Deserialize<ControlLine<T>>(line, StatusCollector.Json);
                if (message is { Progress: { } step }) progress.Report(step);
                else if (message is { Result: { } result }) return result;
            }

            throw new HttpRequestException("without a result");
        },
        cancellationToken);

    public void Dispose() => _http.Dispose();

    Task<ControlReply<T>?> SendAsync<T>(Func<HttpRequestMessage> create, CancellationToken cancellationToken) => SendAsync(
        create, HttpCompletionOption.ResponseContentRead, content => content.ReadFromJsonAsync<T>(StatusCollector.Json, cancellationToken), cancellationToken);

    async Task<ControlReply<T>?> SendAsync<T>(
        Func<HttpRequestMessage> create, HttpCompletionOption completion, Func<HttpContent, Task<T?>> read, CancellationToken cancellationToken)
    {
        try
        {
            using var request = create();
            using var answer = await _http.SendAsync(request, completion, cancellationToken);
            if (answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.ServiceUnavailable) return new ControlReply<T>(await read(answer.Content), []);
            var refusal = await answer.Content.ReadFromJsonAsync<ControlProblems>(StatusCollector.Json, cancellationToken);
            return new ControlReply<T>(default, refusal?.Problems ?? [$"{_path}: the running edge answers {(int)answer.StatusCode}; see its log"]);
        }
        catch (HttpRequestException e) when (e.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionRefused or SocketError.AddressNotAvailable })
        {
            return null;
        }
        catch (HttpRequestException e) when (e.InnerException is SocketException { SocketErrorCode: SocketError.AccessDenied })
        {
            throw new UserError($"{_path}: may not be opened by {Environment.UserName}; run the verb as the user that the edge runs as, or as root", e);
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or IOException)
        {
            throw new UserError($"{_path}: the running edge broke off ({e.GetBaseException().Message.TrimEnd('.')}); see its log", e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new UserError($"{_path}: the running edge does not answer within {ResponseTimeout.TotalSeconds:0} s; see its log", e);
        }
    }

    async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(_path), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
