using ImGateway.Edge.Certificates.Audit;
using ImGateway.Edge.Certificates.Installation;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates;

/// <summary>
/// The certificate files that are refused, for status, metrics and audit log. A log line alone is easily missed, and the previous certificate may be
/// served for weeks until it expires. Written under the certificate lock, read without.
/// </summary>
sealed class RefusedFiles(CurrentCertificateOptions options, CertificateMetrics metrics, CertificateAudit audit, TimeProvider time)
{
    /// <summary>Longest reason to keep: a reason may list thousands of hosts, and each report repeats it.</summary>
    const int LongestReason = 1000;

    readonly Dictionary<CertificateFile, (RefusedFile Refused, IReadOnlyList<HostName> Hosts)> _files = [];
    volatile IReadOnlyList<RefusedFile> _all = [];

    /// <summary>A snapshot: the list is never changed in place.</summary>
    public IReadOnlyList<RefusedFile> All => _all;

    /// <returns>False if the file was refused for the same reason already.</returns>
    public async Task<bool> RefuseAsync(CertificateFile file, string why, IReadOnlyList<HostName> hosts)
    {
        var line = SingleLine.EscapeAtMost(why, LongestReason);
        var known = _files.TryGetValue(file, out var before);
        _files[file] = (new RefusedFile(SingleLine.Escape(file.Certificate), known ? before.Refused.Since : time.GetUtcNow(), line, [.. hosts.Select(host => host.Value)]), hosts);
        Publish(known ? before.Hosts.Concat(hosts) : hosts);
        if (known && before.Refused.Why == line) return false;
        foreach (var host in hosts)
        {
            metrics.LoadFailed(host);
            await audit.FileRefusedAsync(host, file.Certificate, line);
        }

        return true;
    }

    /// <summary>Removes a file that can be used again, if it was refused.</summary>
    public async Task MendedAsync(CertificateFile file)
    {
        if (!_files.Remove(file, out var before)) return;
        Publish(before.Hosts);
        foreach (var host in before.Hosts) await audit.FileMendedAsync(host, file.Certificate);
    }

    /// <summary>Removes files that are no longer configured.</summary>
    public void Retain(IReadOnlyCollection<CertificateFile> configured)
    {
        foreach (var file in _files.Keys.Where(file => !configured.Contains(file)).ToList())
        {
            _files.Remove(file, out var before);
            Publish(before.Hosts);
        }
    }

    /// <summary>Updates the metrics of all refused files, after a reload.</summary>
    public void RefreshMetrics() => Publish(_files.Values.SelectMany(entry => entry.Hosts));

    void Publish(IEnumerable<HostName> changed)
    {
        _all = [.. _files.Values.Select(entry => entry.Refused)];
        // A file may have covered hosts that were removed since; they must have no series again.
        foreach (var host in changed.Distinct().Where(host => options.Value.Hosts.Contains(host))) metrics.FilesRefused(host, _files.Values.Count(entry => entry.Hosts.Contains(host)));
    }
}

/// <summary>A certificate file whose content was refused and has not been corrected yet.</summary>
/// <param name="File">The path as configured.</param>
/// <param name="Since">When the file was first refused since it was last usable.</param>
/// <param name="Why">The reason, in one line.</param>
/// <param name="Hosts">The hosts that the file covers, as far as known.</param>
public sealed record RefusedFile(string File, DateTimeOffset Since, string Why, IReadOnlyList<string> Hosts);
