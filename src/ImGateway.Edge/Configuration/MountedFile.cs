namespace ImGateway.Edge.Configuration;

/// <summary>
/// Files that are mounted one by one, as containers mount them. Such a mount holds the file itself, not its name: an editor or a tool that
/// replaces the file by a rename leaves the mount with the old one, whose content never changes again.
/// </summary>
static class MountedFile
{
    const string Mounts = "/proc/self/mountinfo";

    // What the kernel appends to the root of a mount whose file has been unlinked or renamed over (d_path in the kernel's fs/d_path.c).
    const string Deleted = "//deleted";

    /// <summary>One line for each of <paramref name="paths"/> that was replaced underneath its mount.</summary>
    public static IReadOnlyList<string> Problems(IEnumerable<string> paths)
    {
        if (ReplacedMountPoints() is not { Count: > 0 } replaced) return [];
        return [.. paths.Distinct(StringComparer.Ordinal).Where(path => NamesOf(path).Any(replaced.Contains))
            .Select(path => OneLine.From($"{path}: the file was replaced underneath its mount; mount its folder, and start the edge anew"))];
    }

    /// <summary>Of proc_pid_mountinfo(5): the fourth field is the root of the mount, the fifth the mount point.</summary>
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
            // Read each second, and nearly always there is nothing to find in it.
            var mounts = File.ReadAllText(Mounts);
            return mounts.Contains(Deleted, StringComparison.Ordinal) ? ReplacedIn(mounts.Split('\n')) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // No system that says; polling goes by content alone, as everywhere.
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
            // The file is not there at the moment.
        }

        if (target is not null) yield return target;
    }

    /// <summary>Spaces, tabs, line feeds and backslashes are written as three octal digits.</summary>
    static string Unescape(string field) => field
        .Replace("\\040", " ", StringComparison.Ordinal).Replace("\\011", "\t", StringComparison.Ordinal)
        .Replace("\\012", "\n", StringComparison.Ordinal).Replace("\\134", "\\", StringComparison.Ordinal);
}
