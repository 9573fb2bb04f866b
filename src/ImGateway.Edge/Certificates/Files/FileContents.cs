using System.Security.Cryptography;
using System.Text;
using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates.Files;

/// <summary>
/// The bytes of all files of one <see cref="CertificateFile"/>, read once, so that the bytes compared are the bytes parsed.
/// Never printed.
/// </summary>
sealed class FileContents
{
    /// <summary>Upper bound of a certificate file; a chain with RSA-4096 keys takes about 10 KiB.</summary>
    public const int MaxBytes = 1024 * 1024;

    FileContents(CertificateFile file) => File = file;

    public CertificateFile File { get; }

    public byte[] Certificate { get; private init; } = [];

    /// <summary>Null if key and certificate are in one file.</summary>
    public byte[]? Key { get; private init; }

    public byte[]? Chain { get; private init; }

    public Secret? Password { get; private init; }

    /// <summary>Problems of files that cannot be read.</summary>
    public IReadOnlyList<CertificateProblem> Problems { get; private init; } = [];

    /// <summary>A hash of all contents.</summary>
    public string Hash { get; private init; } = "";

    public static FileContents Read(CertificateFile file)
    {
        List<CertificateProblem> problems = [];
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var certificate = ReadOne(file.Certificate, problems, hash);
        var key = file.Key is null || file.Key == file.Certificate ? null : ReadOne(file.Key, problems, hash);
        var chain = file.Chain is null ? null : ReadOne(file.Chain, problems, hash);
        var password = file.PasswordFile is null ? null : ReadOne(file.PasswordFile, problems, hash);
        foreach (var problem in problems) hash.AppendData(Encoding.UTF8.GetBytes(problem.ToString()));
        return new FileContents(file)
        {
            Certificate = certificate,
            Key = key,
            Chain = chain,
            Password = password is null ? file.Password : new Secret(Encoding.UTF8.GetString(ByteOrderMark.Skip(password)).TrimEnd('\r', '\n')),
            Problems = problems,
            Hash = Convert.ToHexString(hash.GetHashAndReset()),
        };
    }

    /// <summary>Contents received from a verb, without file names; problems call the parts <c>certificate</c>, <c>key</c> and <c>chain</c>.</summary>
    public static FileContents Of(string certificatePem, string keyPem, string? chainPem, Secret? password) =>
        new(new CertificateFile { Certificate = "certificate", Key = "key", Chain = chainPem is null ? null : "chain" })
        {
            Certificate = Encoding.UTF8.GetBytes(certificatePem),
            Key = Encoding.UTF8.GetBytes(keyPem),
            Chain = chainPem is null ? null : Encoding.UTF8.GetBytes(chainPem),
            Password = password,
        };

    /// <summary>A bundle read from the storage; problems name its location.</summary>
    public static FileContents Of(string location, byte[] content) => new(new CertificateFile { Certificate = location })
    {
        Certificate = content,
        Problems = content.Length == 0 ? [Empty(location)] : [],
    };

    /// <summary>The contents of a bundle that exists but cannot be read.</summary>
    public static FileContents Unreadable(string location, Exception e) => new(new CertificateFile { Certificate = location }) { Problems = [Problem(location, e)] };

    static byte[] ReadOne(string path, List<CertificateProblem> problems, IncrementalHash hash)
    {
        byte[] content = [];
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1);
            if (stream.Length > MaxBytes)
            {
                problems.Add(new(path, $"is {stream.Length:N0} bytes long, more than any certificate", "name the right file"));
            }
            else
            {
                // A file that is growing is read again at the next poll.
                content = new byte[stream.Length];
                content = content[..stream.ReadAtLeast(content, content.Length, throwOnEndOfStream: false)];
                if (content.Length == 0) problems.Add(Empty(path));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            problems.Add(Problem(path, e));
        }

        // The lengths are part of the hash, so that a byte moved from one file to the next changes it.
        hash.AppendData(BitConverter.GetBytes(content.Length));
        hash.AppendData(content);
        return content;
    }

    static CertificateProblem Empty(string path) => new(path, "is empty", "write the certificate, key or password to it") { AwaitsOtherPart = true };

    static CertificateProblem Problem(string path, Exception e) => e switch
    {
        FileNotFoundException or DirectoryNotFoundException => new(path, "does not exist", "correct the path, or create the file") { AwaitsOtherPart = true },
        UnauthorizedAccessException when Directory.Exists(path) => new(path, "is a folder", "name the file in it"),
        UnauthorizedAccessException => new(path, "may not be read", $"give the user {Environment.UserName} read access to the file and its folders"),
        _ => new(path, $"cannot be read: {e.Message.TrimEnd('.')}", "correct the path or the file system"),
    };
}
