using ImGateway.Edge.Certificates.Files;
using ImGateway.Edge.Certificates.Installation;
using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Certificates.Store;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates;

/// <summary>A checked import or rollback: the changes, or the problems that prevent it.</summary>
sealed record ProposedInstall(IReadOnlyDictionary<HostName, HostCertificate> Changes, IReadOnlyList<string> Problems, IReadOnlyList<string> Warnings)
{
    static readonly Dictionary<HostName, HostCertificate> Nothing = [];

    public static ProposedInstall Import(
        FileContents contents, string who, EdgeOptions options, TimeProvider time, IReadOnlyDictionary<HostName, HostCertificate> served)
    {
        var reading = new CertificateFileReader(options.Hosts, time).Read(contents);
        List<string> warnings = [.. reading.Warnings.Select(warning => warning.ToString())];
        if (reading.Credential is not { } credential) return new(Nothing, [.. reading.Problems.Select(problem => problem.ToString())], warnings);
        var offer = new HostCertificate(credential, HostCertificate.Import, SingleLine.Escape(who)) { ByHand = true };
        if (ChainWarning.Of(credential, HostCertificate.Import, contents.File.Certificate) is { } warning) warnings.Add(warning.ToString());
        var changes = options.Hosts.Where(credential.Covers).ToDictionary(host => host, host => offer with { FileHash = served.GetValueOrDefault(host)?.FileHash });
        return new(changes, [], warnings);
    }

    public static async Task<ProposedInstall> RollbackAsync(
        string name, EdgeOptions options, CertificateStore store, IReadOnlyDictionary<HostName, HostCertificate> served, CancellationToken cancellationToken)
    {
        var host = options.Hosts.FirstOrDefault(host => host.CertificateName == name || (HostName.TryParse(name, out var parsed) && parsed == host));
        if (host is null) return Refused($"{SingleLine.Quote(name)}: is none of the configured hosts ({string.Join(", ", options.Hosts)}); name one of them");
        if (await store.ReadPreviousAsync(host, cancellationToken) is not { } reading) return Refused($"{host}: has no previous certificate; import the one that is wanted");
        if (reading.Credential is not { } credential) return Refused([.. reading.Problems.Select(problem => problem.ToString())]);
        var offer = await store.DescribeAsync(host, credential, cancellationToken) with { ByHand = true, FileHash = served.GetValueOrDefault(host)?.FileHash };
        return new(new Dictionary<HostName, HostCertificate> { [host] = offer }, [], []);
    }

    /// <summary>With problems, no host has changed.</summary>
    public InstallResult Result(IReadOnlyDictionary<HostName, HostCertificate> before) => new(
        [
            .. (Problems.Count > 0 ? Nothing : Changes).Select(change => new InstalledHost(
                change.Key,
                before.GetValueOrDefault(change.Key)?.Credential.SerialNumber,
                change.Value.Credential.SerialNumber,
                change.Value.Credential.NotAfter)),
        ],
        Problems)
    {
        Warnings = Warnings,
    };

    static ProposedInstall Refused(params IReadOnlyList<string> problems) => new(Nothing, problems, []);
}
