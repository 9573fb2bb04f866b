using System.Runtime.InteropServices;
using ImGateway.Edge.Platform;

namespace ImGateway.Edge.Certificates.Files;

/// <summary>
/// Identity of the directory at a path, following symbolic links: changes when another directory takes the path. On Linux .NET's creation time is the older of
/// two times that every change in the directory updates; so the identity is device, inode and birth time of statx(2), because inode numbers are reused.
/// </summary>
[StructLayout(LayoutKind.Auto)]
readonly record struct FolderIdentity(ulong Device, ulong Inode, long BornSeconds, uint BornNanoseconds)
{
    /// <summary>Null if there is no directory.</summary>
    public static FolderIdentity? Of(string path)
    {
        if (!Directory.Exists(path)) return null;
        return Statx.TryRead(path, Statx.InodeMask | Statx.BirthMask, out var status) switch
        {
            null => new(0, 0, Directory.GetCreationTimeUtc(path).Ticks, 0),
            // Deleted meanwhile.
            false => null,
            // Some file systems have no birth time, and a few no inode; polling finds changes there.
            true => new(
                status.Device,
                (status.Mask & Statx.InodeMask) == 0 ? 0 : status.Inode,
                (status.Mask & Statx.BirthMask) == 0 ? 0 : status.BornSeconds,
                (status.Mask & Statx.BirthMask) == 0 ? 0 : status.BornNanoseconds),
        };
    }
}
