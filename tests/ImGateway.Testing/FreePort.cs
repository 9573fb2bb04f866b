using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace ImGateway.Testing;

/// <summary>For programs that cannot say which port they were given: a free one below those that clients get.</summary>
public static class FreePort
{
    public static int Next()
    {
        while (true)
        {
            var port = RandomNumberGenerator.GetInt32(20000, 32768);
            try
            {
                using var tcp = new TcpListener(IPAddress.Loopback, port);
                tcp.Start();
                using var udp = new UdpClient(new IPEndPoint(IPAddress.Loopback, port));
                return port;
            }
            catch (SocketException)
            {
                // Somebody's.
            }
        }
    }
}
