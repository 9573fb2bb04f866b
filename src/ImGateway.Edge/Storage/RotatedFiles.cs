using System.Globalization;

namespace ImGateway.Edge.Storage;

/// <summary>
/// The files of a log: the current one, for example <c>audit.jsonl</c>, and the rotated ones, <c>audit.000001.jsonl</c> and so on, the highest number the
/// newest. Numbers only increase: a rotation is one rename, and after a crash at any point every entry is in exactly one file.
/// </summary>
static class RotatedFiles
{
    /// <summary>The most attempts of a reader to open all files without a rotation in between.</summary>
    const int Attempts = 1000;

    /// <summary>The most digits of a number; a file with more does not belong to the log.</summary>
    const int MostDigits = 9;

    /// <summary>Rotates <paramref name="path"/> if <paramref name="more"/> bytes would exceed its size limit. Only for the writer of the storage.</summary>
    public static void Rotate(string path, int more, LogRetention retention, DiskOperationHook hook)
    {
        if (new FileInfo(path) is not { Exists: true, Length: > 0 } file || file.Length + more <= retention.MaxBytes) return;
        var rotated = Rotated(path);
        var next = rotated.Count == 0 ? 1 : rotated[^1].Number + 1;
        DurableFile.Move(path, Numbered(path, next), hook);
        foreach (var (_, old) in rotated.Take(rotated.Count + 1 - retention.Keep)) File.Delete(old);
    }

    /// <summary>The rotated files, oldest first.</summary>
    public static IReadOnlyList<(long Number, string Path)> Rotated(string path)
    {
        var (folder, name, extension) = Parts(path);
        if (!Directory.Exists(folder)) return [];
        return
        [
            .. from file in Directory.EnumerateFiles(folder, $"{name}.*{extension}")
               let digits = Path.GetFileNameWithoutExtension(file)[Math.Min(name.Length + 1, Path.GetFileNameWithoutExtension(file).Length)..]
               where digits.Length is > 0 and <= MostDigits && !digits.AsSpan().ContainsAnyExceptInRange('0', '9')
               let number = long.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture)
               where number > 0
               orderby number
               select (number, file),
        ];
    }

    /// <summary>Opens all files, oldest first, so that a concurrent rotation neither hides nor repeats an entry.</summary>
    public static IReadOnlyList<FileStream> Open(string path)
    {
        for (var attempt = 1; ; attempt++)
        {
            List<FileStream> open = [];
            try
            {
                var before = Rotated(path);
                foreach (var (_, file) in before) open.Add(Open(file, FileShare.ReadWrite | FileShare.Delete));
                if (File.Exists(path)) open.Add(Open(path, FileShare.ReadWrite | FileShare.Delete));
                if (Rotated(path).SequenceEqual(before) || attempt == Attempts) return open;
            }
            catch (FileNotFoundException) when (attempt < Attempts)
            {
                // Rotated or removed after it was listed.
            }
            catch
            {
                Close(open);
                throw;
            }

            Close(open);
        }
    }

    static FileStream Open(string path, FileShare share) => new(path, FileMode.Open, FileAccess.Read, share);

    static void Close(List<FileStream> open)
    {
        foreach (var file in open) file.Dispose();
    }

    static string Numbered(string path, long number)
    {
        var (folder, name, extension) = Parts(path);
        return Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{name}.{number:D6}{extension}"));
    }

    static (string Folder, string Name, string Extension) Parts(string path) =>
        (Path.GetDirectoryName(Path.GetFullPath(path))!, Path.GetFileNameWithoutExtension(path), Path.GetExtension(path));
}
