using ImGateway.Edge.Configuration;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Tls;

/// <summary>The ways in which tools replace a pair of certificate and key files.</summary>
enum SwapStyle
{
    /// <summary>A temporary file beside it, renamed over it: certbot's deploy hooks, careful scripts.</summary>
    Rename,

    /// <summary>A new folder of files, to which one symbolic link is changed, as Kubernetes mounts secrets.</summary>
    Symlink,

    /// <summary>Truncated and written: <c>cp</c>.</summary>
    InPlace,

    /// <summary>Written through another path of the same inode, so that the watched folder has no event: a single-file bind mount.</summary>
    BindMount,
}

/// <summary>A pair of files that is replaced in one style.</summary>
sealed class SwappedFiles
{
    readonly SwapStyle _style;
    readonly string _directory;
    int _version;

    SwappedFiles(SwapStyle style, string directory)
    {
        (_style, _directory) = (style, directory);
        File = new CertificateFile { Certificate = Path.Combine(directory, "tls.crt"), Key = Path.Combine(directory, "tls.key") };
    }

    public CertificateFile File { get; }

    string[] Paths => [File.Certificate, File.Key!];

    string Outside => _directory + "-outside";

    public static async Task<SwappedFiles> CreateAsync(SwapStyle style, string directory, IssuedCertificate first)
    {
        var files = new SwappedFiles(style, directory);
        Directory.CreateDirectory(directory);
        if (style is SwapStyle.Symlink)
        {
            await files.TurnLinkAsync(first);
            foreach (var path in files.Paths) System.IO.File.CreateSymbolicLink(path, Path.Combine("..data", Path.GetFileName(path)));
        }
        else
        {
            first.WriteTo(directory, "tls");
        }

        if (style is SwapStyle.BindMount)
        {
            Directory.CreateDirectory(files.Outside);
            await RunAsync("ln", [.. files.Paths, files.Outside]);
        }

        return files;
    }

    public async Task SwapAsync(IssuedCertificate next)
    {
        if (_style is SwapStyle.Symlink)
        {
            await TurnLinkAsync(next);
            return;
        }

        foreach (var (path, text) in Paths.Zip([next.ChainPem, next.KeyPem]))
        {
            var target = _style switch
            {
                SwapStyle.Rename => path + ".new",
                SwapStyle.BindMount => Path.Combine(Outside, Path.GetFileName(path)),
                _ => path,
            };
            await System.IO.File.WriteAllTextAsync(target, text);
            if (_style is SwapStyle.Rename) System.IO.File.Move(target, path, overwrite: true);
        }
    }

    async Task TurnLinkAsync(IssuedCertificate certificate)
    {
        var version = $"..version-{++_version}";
        certificate.WriteTo(Path.Combine(_directory, version), "tls");
        var link = Path.Combine(_directory, "..data");
        System.IO.File.CreateSymbolicLink(link + "-new", version);
        // rename(2): File.Move refuses links to folders.
        await RunAsync("mv", ["-T", link + "-new", link]);
    }

    static async Task RunAsync(string program, IEnumerable<string> arguments)
    {
        var result = await ExternalTool.RunAsync(program, arguments);
        Assert.True(result.ExitCode == 0, result.All);
    }
}
