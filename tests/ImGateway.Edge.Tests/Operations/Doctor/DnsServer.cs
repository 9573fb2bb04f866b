using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Operations.Doctor;

/// <summary>A name server on loopback that answers each question with what the test says, raw.</summary>
sealed class DnsServer : IAsyncDisposable
{
    readonly UdpClient _socket = new(new IPEndPoint(IPAddress.Loopback, 0));
    readonly CancellationTokenSource _stop = new();
    readonly TemporaryDirectory _directory = new();
    readonly Func<string, byte[], byte[]?> _answer;
    readonly Task _serving;

    /// <param name="answer">Gets the name and the question; null stays silent.</param>
    public DnsServer(Func<string, byte[], byte[]?> answer)
    {
        _answer = answer;
        File.WriteAllText(ResolverFile, $"# a test's own\nsearch example.com\nnameserver [127.0.0.1]:{EndPoint.Port}\noptions timeout:1\n");
        _serving = ServeAsync();
    }

    public IPEndPoint EndPoint => (IPEndPoint)_socket.Client.LocalEndPoint!;

    /// <summary>Names it as resolv.conf does.</summary>
    public string ResolverFile => _directory["resolv.conf"];

    /// <summary>Serves CAA and TXT data by name; other names do not exist.</summary>
    public static DnsServer With(Dictionary<string, byte[][]> records) => new((name, question) =>
        records.TryGetValue(name, out var data) ? Answer(question, 0, data) : Answer(question, 3));

    public static byte[] Caa(byte flags, string tag, string value) => [flags, (byte)tag.Length, .. tag.Select(c => (byte)c), .. value.Select(c => (byte)c)];

    public static byte[] Txt(string text) => [(byte)text.Length, .. text.Select(c => (byte)c)];

    public static byte[] Answer(byte[] question, int code, params byte[][] records)
    {
        var asked = question[12..EndOf(question)];
        List<byte> answer = [question[0], question[1], 0x81, (byte)(0x80 | code), 0, 1, 0, (byte)records.Length, 0, 0, 0, 0, .. asked];
        foreach (var data in records)
        {
            // The owner by a pointer to the question, as servers do.
            answer.AddRange([0xc0, 12, asked[^4], asked[^3], 0, 1, 0, 0, 0, 60, (byte)(data.Length >> 8), (byte)data.Length, .. data]);
        }

        return [.. answer];
    }

    /// <summary>What is asked for: 1 = addresses, 257 = CAA.</summary>
    public static int TypeOf(byte[] question) => BinaryPrimitives.ReadUInt16BigEndian(question.AsSpan(EndOf(question) - 4));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _serving;
        _socket.Dispose();
        _stop.Dispose();
        _directory.Dispose();
    }

    async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                var asked = await _socket.ReceiveAsync(_stop.Token);
                if (_answer(NameOf(asked.Buffer), asked.Buffer) is { } answer) await _socket.SendAsync(answer, asked.RemoteEndPoint, _stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    /// <summary>Behind the one question, where EDNS begins.</summary>
    public static int EndOf(byte[] question)
    {
        var at = 12;
        while (question[at] != 0) at += 1 + question[at];
        return at + 5;
    }

    static string NameOf(byte[] question)
    {
        List<string> labels = [];
        for (var at = 12; question[at] != 0; at += 1 + question[at]) labels.Add(System.Text.Encoding.ASCII.GetString(question, at + 1, question[at]));
        return string.Join('.', labels);
    }
}
