using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Platform;
using ImGateway.Edge.Storage;

namespace ImGateway.Edge.Operations.Doctor;

/// <summary>Checks whether <c>DataDirectory</c> is writable and private.</summary>
static class DataDirectoryCheck
{
    const string Check = "data directory";

    const UnixFileMode Others = (UnixFileMode)0x3f; // 0077

    public static IEnumerable<Finding> Run(EdgeOptions options)
    {
        var path = Path.GetFullPath(options.DataDirectory);
        if (!Directory.Exists(path))
        {
            yield return File.Exists(path)
                ? new(Check, FindingStatus.Fail, $"{path} is a file", "name a folder in Edge:DataDirectory")
                : new(Check, FindingStatus.Ok, $"{path} is made at the first start");
            yield break;
        }

        yield return Written(path) is { } problem
            ? new(Check, FindingStatus.Fail, $"{path} cannot be written to ({problem})", $"see to its space, or {ProcessUser.ChownRemedy(path)}")
            : new(Check, FindingStatus.Ok, $"{path} can be written to");
        if (OperatingSystem.IsWindows()) yield break;
        foreach (var open in Opened(path)) yield return new(Check, FindingStatus.Warn, $"{open} is open to other users", Remedies.CloseToOthers(open));
    }

    /// <summary>Writes a file with fsync: a full or read-only disk looks writable otherwise.</summary>
    static string? Written(string path)
    {
        var probe = Path.Combine(path, ".doctor");
        try
        {
            DurableFile.Write(probe, "probe"u8);
            File.Delete(probe);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e.Message.TrimEnd('.');
        }
    }

    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    static IEnumerable<string> Opened(string path)
    {
        var enumeration = new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true, AttributesToSkip = FileAttributes.ReparsePoint };
        return Directory.EnumerateFileSystemEntries(path, "*", enumeration).Prepend(path)
            // The development CA's certificate is public.
            .Where(entry => Path.GetFileName(entry) != "ca.pem" && (File.GetUnixFileMode(entry) & Others) != UnixFileMode.None)
            .Take(5);
    }
}
