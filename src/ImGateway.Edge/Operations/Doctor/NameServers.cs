using System.Net;

namespace ImGateway.Edge.Operations.Doctor;

/// <summary>The machine's name servers.</summary>
static class NameServers
{
    /// <summary>The <c>nameserver</c> lines of resolv.conf(5), with an optional port as <c>[address]:port</c>. Without any, the local machine (resolv.conf(5)).</summary>
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
            // In this order: IPAddress.Parse accepts a bracketed address with a port and drops the port.
            if (word is not ['[', ..]) return IPAddress.TryParse(word, out var plain) ? new IPEndPoint(plain, 53) : null;
            return word.LastIndexOf("]:", StringComparison.Ordinal) is > 0 and var end
                && IPAddress.TryParse(word[1..end], out var address) && ushort.TryParse(word[(end + 2)..], out var port)
                ? new IPEndPoint(address, port)
                : null;
        }
    }
}
