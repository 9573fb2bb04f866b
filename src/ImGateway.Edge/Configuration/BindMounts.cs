namespace ImGateway.Edge.Configuration;

/// <summary>
/// Single-file bind mounts, as containers use them. Such a mount refers to the inode, not the name: an editor or a tool that
/// replaces the file by a rename leaves the mount with the old file, whose content never changes again.
/// </summary>
static class BindMounts
{
    const string Mounts = "/proc/self/mountinfo";

    // The kernel's suffix for the root of a mount whose file has been unlinked or replaced (d_path in fs/d_path.c).
    const string Deleted = "//deleted";

    /// <summary>One line for each of <paramref name="paths"/> whose mounted file has been replaced.</summary>
    public static IReadOnlyList<string> Problems(IEnumerable<string> paths)
    {
        if (ReplacedMountPoints() is not { Count: > 0 } replaced) return [];
        return [.. paths.Distinct(StringComparer.Ordinal).Where(path => NamesOf(path).Any(replaced.Contains))
            .Select(path => SingleLine.Escape($"{path}: the file was replaced underneath its mount; mount its folder, and start the edge anew"))];
    }

    /// <summary>Parses a line of proc_pid_mountinfo(5): the fourth field is the root of the mount, the fifth the mount point.</summary>
    internal static HashSet<string> ReplacedIn(IEnumerable<string> mountInfo)
    {
        HashSet<string> replaced = new(StringComparer.Ordinal);
        foreach (var fields in mountInfo.Select(line => line.Split(' ')).Where(fields => fields.Length > 4))
        {
            // The last mount on a point hides those before it.
            if (fields[3].EndsWith(Deleted, StringComparison.Ordinal)) replaced.Add(Unescape(fields[4]));
            else replaced.Remove(Unescape(fields[4]));
        }

        return replaced;
    }

    static HashSet<string>? ReplacedMountPoints()
    {
        try
        {
            if (!File.Exists(Mounts)) return null;
            // Called every second, and usually there is no such mount.
            var mounts = File.ReadAllText(Mounts);
            return mounts.Contains(Deleted, StringComparison.Ordinal) ? ReplacedIn(mounts.Split('\n')) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // No /proc on this system; polling only compares contents.
            return null;
        }
    }

    static IEnumerable<string> NamesOf(string path)
    {
        var full = Path.GetFullPath(path);
        yield return full;
        string? target = null;
        try
        {
            target = File.ResolveLinkTarget(full, returnFinalTarget: true)?.FullName;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The file does not exist at the moment.
        }

        if (target is not null) yield return target;
    }

    /// <summary>Decodes spaces, tabs, line feeds and backslashes, which mountinfo writes as three octal digits.</summary>
    static string Unescape(string field) => field
        .Replace("\\040", " ", StringComparison.Ordinal).Replace("\\011", "\t", StringComparison.Ordinal)
        .Replace("\\012", "\n", StringComparison.Ordinal).Replace("\\134", "\\", StringComparison.Ordinal);
}
