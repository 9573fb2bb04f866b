using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using ARSoft.Tools.Net.Dns;

namespace ImGateway.Edge.Operations.Doctor;

/// <summary>
/// Sends the library's queries to the name servers, in order and each twice: over UDP, and over TCP if the response was truncated (RFC 7766 §5).
/// The library's own transports use one port for all servers, and report neither why there is no response nor a truncated one.
/// </summary>
sealed class NameServerTransport(IReadOnlyList<IPEndPoint> servers, TimeProvider time) : IClientTransport
{
    /// <summary>Two attempts, because datagrams may be lost.</summary>
    const int Rounds = 2;

    const int LengthHeader = DnsRawPackage.LENGTH_HEADER_LENGTH, DnsHeader = 12;

    /// <summary>More than the 1232 bytes requested by EDNS (RFC 9715).</summary>
    const int LargestDatagram = 4096;

    static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(2);

    /// <summary>Why the last query has no usable response; begins with the server's address.</summary>
    public string Problem { get; private set; } = "there is no name server";

    public ushort MaximumAllowedQuerySize => ushort.MaxValue;

    public bool SupportsReliableTransfer => true;

    public bool SupportsMulticastTransfer => false;

    public bool SupportsPooledConnections => false;

    public Task<IClientConnection?> ConnectAsync(DnsClientEndpointInfo endpointInfo, int queryTimeout, CancellationToken token = default) =>
        Task.FromResult<IClientConnection?>(new Connection(this));

    public Task<IClientConnection?> GetPooledConnectionAsync(DnsClientEndpointInfo endpointInfo, CancellationToken token = default) =>
        Task.FromResult<IClientConnection?>(null);

    public void Dispose()
    {
        // Sockets live only for one query.
    }

    async Task<DnsReceivedRawPackage?> AskAsync(DnsRawPackage question, CancellationToken cancellationToken)
    {
        DnsReceivedRawPackage? failure = null;
        for (var round = 0; round < Rounds && failure is null; round++)
        {
            foreach (var server in servers)
            {
                if (await AskAsync(server, question, cancellationToken) is not { } response) continue;
                if (CodeOf(response) is not ReturnCode.ServerFailure)
                {
                    // Kept until the library has read it.
                    Problem = Unusable(server);
                    return response;
                }

                // Another server may have the answer. If none has, this response is returned.
                failure = response;
                Problem = $"{server} answers with error {nameof(ReturnCode.ServerFailure)}";
            }
        }

        return failure;
    }

    async Task<DnsReceivedRawPackage?> AskAsync(IPEndPoint server, DnsRawPackage question, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(TimeLimit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var wasTruncated = false;
        try
        {
            var response = await AskByUdpAsync(server, question, either.Token);
            wasTruncated = IsTruncated(response);
            return wasTruncated ? await AskByTcpAsync(server, question, either.Token) : response;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            Problem = wasTruncated ? TruncationProblem("no response in time") : $"{server} does not answer";
        }
        catch (Exception e) when (e is SocketException or EndOfStreamException)
        {
            Problem = wasTruncated ? TruncationProblem(e.Message.TrimEnd('.')) : $"{server} cannot be asked ({e.Message.TrimEnd('.')})";
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            Problem = Unusable(server);
        }

        return null;

        string TruncationProblem(string why) => $"{server} cuts its answer to fit a datagram, and does not answer by TCP ({why})";
    }

    static string Unusable(IPEndPoint server) => $"{server} sends no usable DNS";

    static async Task<DnsReceivedRawPackage> AskByUdpAsync(IPEndPoint server, DnsRawPackage question, CancellationToken cancellationToken)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        // A connected socket: the system drops datagrams from other addresses.
        await socket.ConnectAsync(server, cancellationToken);
        await socket.SendAsync(question.ToArraySegment(includeLengthHeader: false), cancellationToken);
        var buffer = new byte[LengthHeader + LargestDatagram];
        while (true)
        {
            var length = await socket.ReceiveAsync(buffer.AsMemory(LengthHeader), cancellationToken);
            if (Read(buffer.AsSpan(LengthHeader, length), question, socket) is { } response) return response;
        }
    }

    static async Task<DnsReceivedRawPackage> AskByTcpAsync(IPEndPoint server, DnsRawPackage question, CancellationToken cancellationToken)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server, cancellationToken);
        await using var stream = new NetworkStream(socket);
        await stream.WriteAsync(question.ToArraySegment(includeLengthHeader: true), cancellationToken);
        var header = new byte[LengthHeader];
        await stream.ReadExactlyAsync(header, cancellationToken);
        var body = new byte[BinaryPrimitives.ReadUInt16BigEndian(header)];
        await stream.ReadExactlyAsync(body, cancellationToken);
        return Read(body, question, socket) ?? throw new InvalidDataException();
    }

    /// <summary>Null for a response to another query.</summary>
    static DnsReceivedRawPackage? Read(ReadOnlySpan<byte> data, DnsRawPackage question, Socket socket)
    {
        if (data.Length < DnsHeader) throw new InvalidDataException();
        var framed = new byte[LengthHeader + data.Length];
        BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)data.Length);
        data.CopyTo(framed.AsSpan(LengthHeader));
        var response = new DnsReceivedRawPackage(framed, (IPEndPoint)socket.RemoteEndPoint!, (IPEndPoint)socket.LocalEndPoint!);
        if (!response.MessageIdentification.Equals(question.MessageIdentification)) return null;
        return (data[2] & 0x80) != 0 ? response : throw new InvalidDataException();
    }

    static bool IsTruncated(DnsRawPackage response) => (response.ToArraySegment(includeLengthHeader: false)[2] & 0x02) != 0;

    static ReturnCode CodeOf(DnsRawPackage response) => (ReturnCode)(response.ToArraySegment(includeLengthHeader: false)[3] & 0x0f);

    sealed class Connection(NameServerTransport transport) : IClientConnection
    {
        DnsRawPackage? _question;

        public IClientTransport Transport => transport;

        public bool IsFaulty { get; private set; }

        public Task<bool> SendAsync(DnsRawPackage package, CancellationToken token = default)
        {
            _question = package;
            return Task.FromResult(true);
        }

        public Task<DnsReceivedRawPackage?> ReceiveAsync(DnsMessageIdentification identification, CancellationToken token = default) =>
            transport.AskAsync(_question!, token);

        public void RestartIdleTimeout(TimeSpan? timeout)
        {
            // No connection is kept open.
        }

        public void MarkFaulty() => IsFaulty = true;

        public void Dispose()
        {
            // Sockets are closed after the response.
        }
    }
}
