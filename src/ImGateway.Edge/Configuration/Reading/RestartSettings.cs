namespace ImGateway.Edge.Configuration.Reading;

/// <summary>Settings that need a restart: listening addresses, the locked data directory, OpenSSL's configuration.</summary>
static class RestartSettings
{
    /// <summary>Sections of libraries that are read only at start.</summary>
    public static readonly IReadOnlyList<string> Sections = ["Serilog"];

    /// <summary><paramref name="next"/>, with the settings that need a restart kept as in <paramref name="running"/>.</summary>
    public static EdgeOptions Keep(EdgeOptions running, EdgeOptions next) => next with
    {
        DataDirectory = running.DataDirectory,
        Listen = running.Listen,
        Tls = next.Tls with { Policy = running.Tls.Policy, Engine = running.Tls.Engine, HandshakeTimeout = running.Tls.HandshakeTimeout },
    };

    /// <summary>One line for each changed key that needs a restart.</summary>
    public static IReadOnlyList<string> Warnings(EdgeOptions running, EdgeOptions next) =>
        [.. ConfigurationChanges.Between(Keep(running, next), next).Select(change => Warning(change.Key))];

    /// <summary>The same for sections of libraries.</summary>
    public static IReadOnlyList<string> Warnings(IConfiguration started, IConfiguration next) =>
        [.. Sections.Where(section => ConfigurationChanges.Between(started, next, section).Count > 0).Select(Warning)];

    static string Warning(string key) => $"{key}: changed, but takes effect at the next start only; restart imgw";
}
