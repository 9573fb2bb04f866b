using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace ImGateway.Edge.Operations.Doctor;

/// <summary>
/// Asks the system's name servers for records that .NET has no call for: one question, one datagram, one answer (RFC 1035 §4.2.1).
/// Nothing is cached or followed; a forged answer would have to guess port and identity, and could do no more than change a finding.
/// </summary>
sealed class DnsClient(IReadOnlyList<IPEndPoint> servers, TimeProvider time)
{
    /// <summary>Of each server, twice: datagrams get lost.</summary>
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>What passes everywhere unfragmented (RFC 9715).</summary>
    const int LargestAnswer = 1232;

    /// <summary>From the <c>nameserver</c> lines of resolv.conf(5); a port is written <c>[address]:port</c>. Without one, this machine, as resolv.conf(5) has it.</summary>
    public static IReadOnlyList<IPEndPoint> ServersIn(string file)
    {
        string[] lines;
        try
        {
            lines = File.ReadAllLines(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            lines = [];
        }

        IPEndPoint[] found =
        [
            .. from line in lines
               let words = line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)
               where words is ["nameserver", _, ..]
               select Parse(words[1]) into server
               where server is not null
               select server,
        ];
        return found.Length > 0 ? found : [new(IPAddress.Loopback, 53)];

        static IPEndPoint? Parse(string word)
        {
            // In this order: .NET takes a bracketed address with its port for an address, and drops the port.
            if (word is not ['[', ..]) return IPAddress.TryParse(word, out var plain) ? new IPEndPoint(plain, 53) : null;
            return word.LastIndexOf("]:", StringComparison.Ordinal) is > 0 and var end
                && IPAddress.TryParse(word[1..end], out var address) && ushort.TryParse(word[(end + 2)..], out var port)
                ? new IPEndPoint(address, port)
                : null;
        }
    }

    /// <exception cref="DnsException">No server gave an answer that says whether there are such records.</exception>
    public async Task<IReadOnlyList<byte[]>> AskAsync(string name, DnsType type, CancellationToken cancellationToken)
    {
        var why = "there is no name server";
        foreach (var server in (IEnumerable<IPEndPoint>)[.. servers, .. servers])
        {
            try
            {
                using var limit = new CancellationTokenSource(Patience, time);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
                return await AskAsync(server, DnsMessage.Ask((ushort)RandomNumberGenerator.GetInt32(ushort.MaxValue + 1), name, type), type, either.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                why = $"{server} does not answer";
            }
            catch (SocketException e)
            {
                why = $"{server} cannot be asked ({e.Message.TrimEnd('.')})";
            }
            catch (DnsException e)
            {
                why = $"{server} {e.Message}";
            }
        }

        throw new DnsException(why);
    }

    static async Task<IReadOnlyList<byte[]>> AskAsync(IPEndPoint server, byte[] question, DnsType type, CancellationToken cancellationToken)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        // Connected: the system drops what others send.
        await socket.ConnectAsync(server, cancellationToken);
        await socket.SendAsync(question, cancellationToken);
        var answer = new byte[LargestAnswer];
        while (true)
        {
            var length = await socket.ReceiveAsync(answer, cancellationToken);
            if (length < 2 || BinaryPrimitives.ReadUInt16BigEndian(answer) != BinaryPrimitives.ReadUInt16BigEndian(question)) continue;
            return DnsMessage.Read(answer.AsSpan(0, length), question, type);
        }
    }
}

enum DnsType : ushort
{
    Txt = 16,
    Caa = 257,
}

/// <summary>Completes "the server …".</summary>
sealed class DnsException(string message) : Exception(message);
