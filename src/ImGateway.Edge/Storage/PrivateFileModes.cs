using ImGateway.Edge.Platform;

namespace ImGateway.Edge.Storage;

/// <summary>Protects keys from other users of the machine: repairs file modes that are too open, or refuses if it cannot.</summary>
sealed partial class PrivateFileModes(ILogger<PrivateFileModes> logger)
{
    const UnixFileMode Others =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    /// <exception cref="PrivateFileModesException">The file belongs to another user.</exception>
    public void EnsureFolder(string path)
    {
        DurableFile.CreatePrivateFolder(path);
        Ensure(path, DurableFile.OwnerOnlyFolder);
    }

    /// <exception cref="PrivateFileModesException">The file belongs to another user.</exception>
    public void EnsureFile(string path)
    {
        Ensure(path, DurableFile.OwnerOnly);
        try
        {
            File.OpenHandle(path).Dispose();
        }
        catch (UnauthorizedAccessException)
        {
            throw new PrivateFileModesException($"{path}: may not be read; {ProcessUser.ChownRemedy(path)}");
        }
    }

    void Ensure(string path, UnixFileMode mode)
    {
        if (OperatingSystem.IsWindows()) return;
        var actual = File.GetUnixFileMode(path);
        if ((actual & Others) == UnixFileMode.None && (actual & mode) == mode) return;
        try
        {
            File.SetUnixFileMode(path, mode);
        }
        catch (UnauthorizedAccessException)
        {
            throw new PrivateFileModesException(
                $"{path}: has mode {Octal(actual)} and belongs to another user; {ProcessUser.ChownRemedy(path, Octal(mode))}");
        }

        Repaired(path, Octal(actual), Octal(mode));
    }

    static string Octal(UnixFileMode mode) => Convert.ToString((int)mode, 8).PadLeft(4, '0');

    [LoggerMessage(1, LogLevel.Warning, "{Path}: had mode {Actual}, now {Mode}: what is in it is for the edge alone")]
    partial void Repaired(string path, string actual, string mode);
}
