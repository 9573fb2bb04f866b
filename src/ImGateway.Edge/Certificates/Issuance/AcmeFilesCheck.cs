using System.Buffers.Text;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using ImGateway.Edge.Certificates.Files;
using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Configuration.Reading;

namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>The checks of <c>imgw validate</c> for files and programs that ACME needs. Reads files; runs and changes nothing.</summary>
public static class AcmeFilesCheck
{
    /// <summary>Upper bound for a file of roots; a machine's whole trust store takes 250 KiB.</summary>
    const int LargestFile = 1024 * 1024;

    const UnixFileMode Executable = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>Returns complete lines: configuration key, problem, remedy.</summary>
    public static IEnumerable<string> Problems(EdgeOptions options, TimeProvider time) => Problems(new ConfigurationResult(options, [], options), time);

    /// <summary>The same checks for the keys that could be read.</summary>
    public static IEnumerable<string> Problems(ConfigurationResult configuration, TimeProvider time)
    {
        var options = configuration.Draft;
        var (acme, onChange) = (options.Acme, options.Certificates.OnChange);
        return
        [
            .. onChange is [{ Length: > 0 } program, ..] && configuration.IsValid("Edge:Certificates:OnChange") ? Program("Edge:Certificates:OnChange:0", program) : [],
            .. options.Certificates.Source != CertificateSource.Acme ? (IEnumerable<string>)[] :
            [
                .. Sound("Edge:Acme:TrustedRootsFile", acme.TrustedRootsFile) is { } roots ? Roots(roots) : [],
                .. Sound("Edge:Acme:ExternalAccount:HmacKeyFile", acme.ExternalAccount.HmacKeyFile) is { } key ? HmacKey(key) : [],
                .. Sound("Edge:Acme:DnsHook", acme.DnsHook) is { } hook ? Program("Edge:Acme:DnsHook", hook) : [],
                .. configuration.IsValid("Edge:Hosts") && configuration.IsValid("Edge:Acme:Challenges") ? Hosts(options, time) : [],
            ],
        ];

        string? Sound(string name, string? path) => path is { Length: > 0 } && configuration.IsValid(name) ? path : null;
    }

    static IEnumerable<string> Roots(string path)
    {
        const string name = "Edge:Acme:TrustedRootsFile";
        if (Read(name, path, out var problem) is not { } text)
        {
            yield return problem!;
            yield break;
        }

        IReadOnlyList<X509Certificate2> roots = [];
        string? fault = null;
        try
        {
            roots = PemDocument.Parse(Encoding.UTF8.GetBytes(text)).Certificates;
            if (roots.Count == 0) fault = "holds no certificate in PEM";
        }
        catch (PemException e)
        {
            fault = e.Message;
        }
        finally
        {
            foreach (var root in roots) root.Dispose();
        }

        if (fault is not null) yield return SingleLine.Escape($"{name}: {path} {fault}; write the root certificates of the CA's own HTTPS to it");
    }

    static IEnumerable<string> HmacKey(string path)
    {
        const string name = "Edge:Acme:ExternalAccount:HmacKeyFile";
        if (Read(name, path, out var problem) is not { } text) yield return problem!;
        else if (text.Trim() is not { Length: > 0 } key || !Base64Url.IsValid(key)) yield return SingleLine.Escape($"{name}: {path} does not hold a key in base64url; write it as the CA gave it, and nothing more");
    }

    static IEnumerable<string> Program(string name, string path)
    {
        var full = Find(path);
        if (full is null) yield return SingleLine.Escape($"{name}: {path} does not exist; name a program by its path");
        else if (Directory.Exists(full)) yield return SingleLine.Escape($"{name}: {path} is a folder; name the program in it");
        else if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(full) & Executable) == UnixFileMode.None) yield return SingleLine.Escape($"{name}: {path} is not executable; {Remedies.AllowToRun(full)}");
    }

    // A name without a slash is searched in PATH, as the system does when it runs it.
    static string? Find(string program) =>
        (program.Contains('/') ? [program] : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(folder => Path.Combine(folder, program)))
        .FirstOrDefault(Path.Exists);

    /// <summary>If files are configured beside ACME, a CA must be able to issue for each host that no file covers.</summary>
    static IEnumerable<string> Hosts(EdgeOptions options, TimeProvider time)
    {
        if (options.Certificates.Files.Count == 0) yield break;
        var reader = new CertificateFileReader(options.Hosts, time);
        var readings = CertificateFilesCheck.Readable(options).Select(reader.Read).ToList();
        foreach (var host in CertificateFilesCheck.UncoveredHosts(options, readings))
        {
            if (AcmeHosts.FaultOf(host, options.Acme) is { } found) yield return $"Edge:Hosts: {found.Fault}; {found.Remedy}";
        }
    }

    static string? Read(string name, string path, out string? problem)
    {
        problem = null;
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            if (stream.Length <= LargestFile) return new StreamReader(stream).ReadToEnd();
            problem = SingleLine.Escape($"{name}: {path} is {stream.Length:N0} bytes long; name the right file");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            problem = SingleLine.Escape($"{name}: {path} does not exist; correct the path, or create the file");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            problem = SingleLine.Escape($"{name}: {path} cannot be read ({e.Message.TrimEnd('.')}); give the user {Environment.UserName} read access to the file");
        }

        return null;
    }
}
