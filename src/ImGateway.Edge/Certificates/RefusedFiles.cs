using ImGateway.Edge.Certificates.Audit;
using ImGateway.Edge.Certificates.Files;
using ImGateway.Edge.Certificates.Installation;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates;

/// <summary>
/// The one record of certificate files that are refused, for all who report them: a log line alone is gone from view a minute later, and the
/// certificate before may be served for weeks until it expires. Written in the manager's turn, read at any time.
/// </summary>
sealed class RefusedFiles(CertificateMetrics metrics, CertificateAudit audit, TimeProvider time)
{
    /// <summary>A certificate may name thousands of hosts, and each report of the file would repeat them.</summary>
    const int LongestReason = 1000;

    readonly Dictionary<CertificateFile, (RefusedFile Refused, IReadOnlyList<HostName> Hosts)> _files = [];
    volatile IReadOnlyList<RefusedFile> _all = [];

    /// <summary>Replaced as a whole.</summary>
    public IReadOnlyList<RefusedFile> All => _all;

    /// <returns>Whether that is news: not where the file was refused for the same reason before.</returns>
    public async Task<bool> RefuseAsync(CertificateFile file, string why, IReadOnlyList<HostName> hosts)
    {
        var line = OneLine.From(why.Length > LongestReason ? why[..LongestReason] + "…" : why);
        var known = _files.TryGetValue(file, out var before);
        _files[file] = (new RefusedFile(OneLine.From(file.Certificate), known ? before.Refused.Since : time.GetUtcNow(), line, [.. hosts.Select(host => host.Value)]), hosts);
        Publish(known ? before.Hosts.Concat(hosts) : hosts);
        if (known && before.Refused.Why == line) return false;
        foreach (var host in hosts)
        {
            metrics.LoadFailed(host);
            await audit.FileRefusedAsync(host, file.Certificate, line);
        }

        return true;
    }

    /// <summary>The file is in order; nothing happens where it was.</summary>
    public async Task MendedAsync(CertificateFile file)
    {
        if (!_files.Remove(file, out var before)) return;
        Publish(before.Hosts);
        foreach (var host in before.Hosts) await audit.FileMendedAsync(host, file.Certificate);
    }

    /// <summary>All others are no longer configured.</summary>
    public void Retain(IReadOnlyCollection<CertificateFile> configured)
    {
        foreach (var file in _files.Keys.Where(file => !configured.Contains(file)).ToList())
        {
            _files.Remove(file, out var before);
            Publish(before.Hosts);
        }
    }

    void Publish(IEnumerable<HostName> changed)
    {
        _all = [.. _files.Values.Select(entry => entry.Refused)];
        foreach (var host in changed.Distinct()) metrics.FilesRefused(host, _files.Values.Count(entry => entry.Hosts.Contains(host)));
    }
}
