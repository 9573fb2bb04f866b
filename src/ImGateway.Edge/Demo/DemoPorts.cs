using System.Net;
using System.Net.Sockets;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Demo;

/// <summary>The loopback ports of the demo.</summary>
sealed record DemoPorts(int Https, int Http, int Management)
{
    /// <summary>How many ports are tried, starting at the default.</summary>
    const int Tries = 100;

    public static readonly DemoPorts Default = new(Https: 8443, Http: 8080, Management: 9180);

    /// <summary>The chosen ports; otherwise the defaults or, if these are in use, the next free ports, with a note for each.</summary>
    /// <exception cref="UserError">A chosen port is in use, or no port is free.</exception>
    public static (DemoPorts Ports, IReadOnlyList<string> Notes) Find(DemoSettings settings)
    {
        List<string> notes = [];
        // Chosen ports first, so that no default takes a port chosen for another listener.
        HashSet<int> ours = [.. new[] { settings.Https, settings.Http, settings.Management }.OfType<int>()];
        return (new(Of("--https", settings.Https, Default.Https), Of("--http", settings.Http, Default.Http), Of("--management", settings.Management, Default.Management)), notes);

        int Of(string option, int? chosen, int standard)
        {
            if (chosen is { } port) return IsFree(port) ? port : throw new UserError($"{option}: port {port} is taken; stop the program that has it (ss -ltnp names it), or choose another");
            var next = Enumerable.Range(standard, Tries).FirstOrDefault(candidate => !ours.Contains(candidate) && IsFree(candidate));
            if (next == 0) throw new UserError($"{option}: none of the ports {standard} to {standard + Tries - 1} is free; choose another");
            ours.Add(next);
            if (next != standard) notes.Add($"{standard} is taken, so {next} it is; {option} chooses another");
            return next;
        }
    }

    /// <summary>127.0.0.1, and ::1 if the machine has it.</summary>
    public static IReadOnlyList<ListenAddress> Loopback(int port) => LocalAddresses.Has(IPAddress.IPv6Loopback)
        ? [new(IPAddress.Loopback, port), new(IPAddress.IPv6Loopback, port)]
        : [new(IPAddress.Loopback, port)];

    static bool IsFree(int port) => Loopback(port).All(listen =>
    {
        try
        {
            using var listener = new TcpListener(listen.Address!, listen.Port);
            listener.Start();
            return true;
        }
        catch (SocketException e)
        {
            // Not permitted, but free: the attempt to listen reports the remedy.
            return e.SocketErrorCode != SocketError.AddressAlreadyInUse;
        }
    });
}
