using System.Net;
using ImGateway.Edge.Tests.Proxying;

namespace ImGateway.Edge.Tests.WebSockets;

/// <summary>The bytes of a WebSocket over TLS, from either kind of handshake, without anybody who knows of frames.</summary>
sealed class RawWebSocket : IAsyncDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    readonly HttpMessageInvoker _invoker;
    readonly CancellationTokenSource _patience = new(Patience);

    RawWebSocket(HttpMessageInvoker invoker, HttpResponseMessage response, Stream stream)
    {
        (_invoker, Response, Stream) = (invoker, response, stream);
    }

    public HttpResponseMessage Response { get; }

    public Stream Stream { get; }

    public CancellationToken Limit => _patience.Token;

    public static async Task<RawWebSocket> OpenAsync(ProxyHost edge, string version, params (string Name, string Value)[] headers)
    {
        var invoker = new HttpMessageInvoker(edge.Handler());
        using var request = new HttpRequestMessage(HttpMethod.Get, $"https://{ProxyHost.Host}/ws") { Version = new Version(version), VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        if (request.Version == HttpVersion.Version20)
        {
            request.Method = HttpMethod.Connect;
            request.Headers.Protocol = "websocket";
        }
        else
        {
            request.Headers.TryAddWithoutValidation("Connection", "Upgrade");
            request.Headers.TryAddWithoutValidation("Upgrade", "websocket");
            request.Headers.TryAddWithoutValidation("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
        }

        request.Headers.TryAddWithoutValidation("Sec-WebSocket-Version", "13");
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        using var patience = new CancellationTokenSource(Patience);
        var response = await invoker.SendAsync(request, patience.Token);
        Assert.Equal(version == "2.0" ? HttpStatusCode.OK : HttpStatusCode.SwitchingProtocols, response.StatusCode);
        return new RawWebSocket(invoker, response, await response.Content.ReadAsStreamAsync(patience.Token));
    }

    public async Task SendAsync(byte[] bytes)
    {
        await Stream.WriteAsync(bytes, Limit);
        await Stream.FlushAsync(Limit);
    }

    public async Task<byte[]> ReadAsync(int count)
    {
        var bytes = new byte[count];
        await Stream.ReadExactlyAsync(bytes, Limit);
        return bytes;
    }

    /// <summary>Until an end in order; a reset throws.</summary>
    public async Task<byte[]> ReadToEndAsync()
    {
        using var all = new MemoryStream();
        await Stream.CopyToAsync(all, Limit);
        return all.ToArray();
    }

    public async ValueTask DisposeAsync()
    {
        await Stream.DisposeAsync();
        Response.Dispose();
        _invoker.Dispose();
        _patience.Dispose();
    }
}
