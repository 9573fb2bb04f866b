using System.Globalization;

namespace ImGateway.Edge.Connections;

/// <summary>The sockets that the process was started with, as sd_listen_fds(3) says: by systemd, or by whatever starts a new edge beside the old.</summary>
sealed class InheritedSockets(IReadOnlyList<InheritedSocket> all, string? problem = null)
{
    const int FirstDescriptor = 3, Most = 256;

    public static readonly InheritedSockets None = new([]);

    public IReadOnlyList<InheritedSocket> All => all;

    /// <summary>Why the environment's word on them cannot be understood.</summary>
    public string? Problem => problem;

    /// <summary>Takes them over, once: programs that this one starts shall not think that they are theirs.</summary>
    public static InheritedSockets Take()
    {
        string? count = Taken("LISTEN_FDS"), process = Taken("LISTEN_PID"), names = Taken("LISTEN_FDNAMES");
        // Meant for the program that started this one.
        if (count is null || process != Environment.ProcessId.ToString(CultureInfo.InvariantCulture)) return None;
        if (!int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number > Most)
            return new InheritedSockets([], $"LISTEN_FDS: is not a number of sockets up to {Most}; correct what starts imgw");

        var named = names?.Split(':') ?? [];
        return new InheritedSockets([.. Enumerable.Range(0, number).Select(i => InheritedSocket.Take(FirstDescriptor + i, i < named.Length ? named[i] : null))]);

        static string? Taken(string name)
        {
            var value = Environment.GetEnvironmentVariable(name);
            if (value is not null) Environment.SetEnvironmentVariable(name, null);
            return value;
        }
    }
}
