using System.Net;

namespace ImGateway.Edge.Operations.Doctor;

/// <summary>The name servers of this machine.</summary>
static class NameServers
{
    /// <summary>From the <c>nameserver</c> lines of resolv.conf(5); a port is written <c>[address]:port</c>. Without one, this machine, as resolv.conf(5) has it.</summary>
    public static IReadOnlyList<IPEndPoint> In(string file)
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
}
