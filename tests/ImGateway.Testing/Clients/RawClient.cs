using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ImGateway.Testing;

/// <summary>An answer as it came (Latin-1).</summary>
public sealed record RawResponse(string Head, string Body)
{
    public int Status => int.Parse(Head.AsSpan(9, 3), CultureInfo.InvariantCulture);

    /// <summary>All values of a header, in order.</summary>
    public IReadOnlyList<string> Values(string name) =>
        [.. Head.Split("\r\n").Skip(1).Where(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase)).Select(line => line[(name.Length + 1)..].Trim())];
}

/// <summary>Sends exactly the given bytes over a plain socket.</summary>
public sealed class RawClient : IDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    readonly TcpClient _client = new();
    readonly CancellationTokenSource _patience = new(Patience);
    NetworkStream _stream = null!;

    public static async Task<RawClient> ConnectAsync(IPEndPoint address)
    {
        var client = new RawClient();
        await client._client.ConnectAsync(address, client._patience.Token);
        client._stream = client._client.GetStream();
        return client;
    }

    /// <summary>One request on a connection of its own.</summary>
    public static async Task<RawResponse> ExchangeAsync(IPEndPoint address, string request)
    {
        using var client = await ConnectAsync(address);
        await client.SendAsync(request);
        return await client.ReadResponseAsync();
    }

    public async Task SendAsync(string text) => await _stream.WriteAsync(Encoding.Latin1.GetBytes(text), _patience.Token);

    /// <summary>A head and as many bytes as Content-Length says.</summary>
    public async Task<RawResponse> ReadResponseAsync()
    {
        var head = await ReadUntilAsync("\r\n\r\n");
        if (head.Length < 12) throw new IOException($"closed instead of an answer: '{head}'");
        var response = new RawResponse(head, "");
        var length = response.Values("Content-Length") is [var value] ? int.Parse(value, CultureInfo.InvariantCulture) : 0;
        return response with { Body = await ReadAsync(length) };
    }

    public async Task<string> ReadAsync(int bytes)
    {
        var buffer = new byte[bytes];
        await _stream.ReadExactlyAsync(buffer, _patience.Token);
        return Encoding.Latin1.GetString(buffer);
    }

    /// <summary>What comes until the other side closes; a reset is an end too.</summary>
    public async Task<string> ReadToEndAsync()
    {
        var all = new StringBuilder();
        var buffer = new byte[16 * 1024];
        try
        {
            while (await _stream.ReadAsync(buffer, _patience.Token) is > 0 and var read) all.Append(Encoding.Latin1.GetString(buffer, 0, read));
        }
        catch (IOException)
        {
            // Reset.
        }

        return all.ToString();
    }

    public void FinishSending() => _client.Client.Shutdown(SocketShutdown.Send);

    public void Reset()
    {
        _client.LingerState = new LingerOption(enable: true, seconds: 0);
        // The socket itself: its stream would send FIN first.
        _client.Client.Close();
    }

    public void Dispose()
    {
        _client.Dispose();
        _patience.Dispose();
    }

    async Task<string> ReadUntilAsync(string end)
    {
        var text = new StringBuilder();
        var one = new byte[1];
        while (await _stream.ReadAsync(one, _patience.Token) == 1)
        {
            text.Append((char)one[0]);
            if (text.Length >= end.Length && text.ToString(text.Length - end.Length, end.Length) == end) break;
        }

        return text.ToString();
    }
}
