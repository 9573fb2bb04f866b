using System.Globalization;

namespace ImGateway.Edge.Connections.Listening;

/// <summary>The sockets passed at start in the protocol of sd_listen_fds(3): by systemd, or by a supervisor that starts a new edge beside the old one.</summary>
sealed class InheritedSockets(IReadOnlyList<InheritedSocket> all, string? problem = null)
{
    const int FirstDescriptor = 3, Most = 256;

    public static readonly InheritedSockets None = new([]);

    public IReadOnlyList<InheritedSocket> All => all;

    /// <summary>Problems of the environment variables that describe them.</summary>
    public string? Problem => problem;

    /// <summary>Takes over the sockets, once, and clears the variables, so that child processes do not use them.</summary>
    public static InheritedSockets Take()
    {
        string? count = Taken("LISTEN_FDS"), process = Taken("LISTEN_PID"), names = Taken("LISTEN_FDNAMES");
        // LISTEN_PID names another process: the sockets are not for this one.
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
