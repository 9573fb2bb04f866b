using System.Globalization;
using System.Runtime.InteropServices;

namespace ImGateway.Edge.Configuration;

/// <summary>The user that the process runs as.</summary>
static class ThisUser
{
    /// <summary>For <c>chown</c>: a user of a container often has a number alone.</summary>
    public static string Name => Environment.UserName is { Length: > 0 } name ? name : Id.ToString(CultureInfo.InvariantCulture);

    public static uint Id => EffectiveUserId();

    [DllImport("libc", EntryPoint = "geteuid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    static extern uint EffectiveUserId();
}
