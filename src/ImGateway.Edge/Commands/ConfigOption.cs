using System.CommandLine;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Commands;

/// <summary><c>--config FILE</c>, the same for every verb.</summary>
static class ConfigOption
{
    public static Option<string?> Create() => new("--config")
    {
        Description = "The configuration file [default: ./appsettings.json, then the one beside the program, then /etc/imgw/appsettings.json]",
        HelpName = "FILE",
    };

    /// <summary>The command that serves the same configuration.</summary>
    public static string RunCommand(string? configFile) => configFile is null ? "imgw run" : $"imgw run --config {ShellQuoting.Quote(configFile)}";
}
