namespace ImGateway.Edge.Configuration;

/// <summary>What a running edge cannot take in: what it is bound to, holds a lock on, or has told OpenSSL once and for all.</summary>
static class RestartSettings
{
    /// <summary>Sections of libraries that are read at start alone.</summary>
    public static readonly IReadOnlyList<string> Sections = ["Serilog"];

    /// <summary><paramref name="next"/> as far as it can be put in force; the rest as <paramref name="running"/> has it.</summary>
    public static EdgeOptions Keep(EdgeOptions running, EdgeOptions next) => next with
    {
        DataDirectory = running.DataDirectory,
        Listen = running.Listen,
        Tls = next.Tls with { Policy = running.Tls.Policy, Engine = running.Tls.Engine, HandshakeTimeout = running.Tls.HandshakeTimeout },
    };

    /// <summary>One line for each key that has to wait.</summary>
    public static IReadOnlyList<string> Warnings(EdgeOptions running, EdgeOptions next) =>
        [.. ConfigurationChanges.Between(Keep(running, next), next).Select(change => Warning(change.Key))];

    /// <summary>The same for sections of libraries.</summary>
    public static IReadOnlyList<string> Warnings(IConfiguration started, IConfiguration next) =>
        [.. Sections.Where(section => ConfigurationChanges.Between(started, next, section).Count > 0).Select(Warning)];

    static string Warning(string key) => $"{key}: changed, but takes effect at the next start only; restart imgw";
}
