using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace ImGateway.Testing;

/// <summary>
/// For programs that cannot say which port they were given: a free one below those that clients get. Each process of tests has a thousand of its
/// own and hands them out one after the other: a port found free at random was at times found by another process too, before either listened.
/// </summary>
public static class FreePort
{
    const int First = 20000, Share = 1024, Shares = 12;

    static readonly TcpListener Claim = ClaimShare();
    static int _next = -1;

    public static int Next()
    {
        for (var tries = 0; tries < Share; tries++)
        {
            // The first says whose the others are.
            var port = ((IPEndPoint)Claim.LocalEndpoint).Port + 1 + (int)((uint)Interlocked.Increment(ref _next) % (Share - 1));
            if (IsFree(port)) return port;
        }

        throw new InvalidOperationException($"none of {Share} ports is free");
    }

    static TcpListener ClaimShare()
    {
        var start = RandomNumberGenerator.GetInt32(Shares);
        for (var i = 0; i < Shares; i++)
        {
            var claim = new TcpListener(IPAddress.Parse("127.77.77.77"), First + (start + i) % Shares * Share);
            try
            {
                claim.Start();
                return claim;
            }
            catch (SocketException)
            {
                claim.Dispose();
            }
        }

        throw new InvalidOperationException($"{Shares} processes of tests run already");
    }

    static bool IsFree(int port)
    {
        try
        {
            using var tcp = new TcpListener(IPAddress.Loopback, port);
            tcp.Start();
            using var udp = new UdpClient(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
