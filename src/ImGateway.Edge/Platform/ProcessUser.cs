using System.Globalization;
using System.Runtime.InteropServices;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Platform;

/// <summary>The user that the process runs as.</summary>
static class ProcessUser
{
    /// <summary>The argument for <c>chown</c>: the user id, because users in containers often have no name.</summary>
    public static string Name => Environment.UserName is { Length: > 0 } name ? name : Id.ToString(CultureInfo.InvariantCulture);

    /// <summary>The remedy for a path that belongs to another user: a command for root.</summary>
    /// <param name="mode">The mode in octal; null = unchanged.</param>
    public static string ChownRemedy(string path, string? mode = null) =>
        $"give it to the user {Name} with: chown -R {ShellQuoting.Quote(Name)} {ShellQuoting.Quote(path)}{(mode is null ? "" : $" && chmod {mode} {ShellQuoting.Quote(path)}")}";

    public static uint Id => EffectiveUserId();

    [DllImport("libc", EntryPoint = "geteuid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    static extern uint EffectiveUserId();
}
