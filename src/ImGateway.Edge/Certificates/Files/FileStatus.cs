using System.Runtime.InteropServices;
using ImGateway.Edge.Platform;

namespace ImGateway.Edge.Certificates.Files;

/// <summary>
/// The status of the file at a path, following symbolic links: another file, and a write to this one, have another status. A write sets the change time, which
/// no program can set back; but a second write within the resolution of the file system's clock may leave the status as it was.
/// </summary>
[StructLayout(LayoutKind.Auto)]
readonly record struct FileStatus(
    ulong Device, ulong Inode, ulong Size, long ChangedSeconds, uint ChangedNanoseconds, long ModifiedSeconds, uint ModifiedNanoseconds)
{
    const uint Mask = Statx.InodeMask | Statx.SizeMask | Statx.ChangedMask | Statx.ModifiedMask;

    /// <summary>Null if there is no such file, or its status is not known, so that only its content can be compared.</summary>
    public static FileStatus? Of(string path) =>
        Statx.TryRead(path, Mask, out var status) is true && (status.Mask & Mask) == Mask
            ? new(status.Device, status.Inode, status.Size, status.ChangedSeconds, status.ChangedNanoseconds, status.ModifiedSeconds, status.ModifiedNanoseconds)
            : null;
}
