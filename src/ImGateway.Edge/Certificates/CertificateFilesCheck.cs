using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates;

/// <summary>What <c>imgw validate</c> says about certificates, and what keeps the edge from starting. Reads files, changes nothing.</summary>
public static class CertificateFilesCheck
{
    /// <summary>Complete lines: the file or key, what is wrong, what to do.</summary>
    public static IEnumerable<string> Problems(EdgeOptions options, TimeProvider time)
    {
        var reader = new CertificateFileReader(options.Hosts, time);
        return Problems(options, [.. options.Certificates.Files.Distinct().Select(reader.Read)]);
    }

    internal static IEnumerable<string> Problems(EdgeOptions options, IReadOnlyList<CertificateReading> readings)
    {
        foreach (var problem in readings.SelectMany(reading => reading.Problems)) yield return problem.ToString();
        if (options.Certificates.Source != CertificateSource.Files) yield break;
        if (readings.Count == 0)
        {
            yield return "Edge:Certificates:Files: is empty, but Certificates:Source is Files; name a certificate and its key";
            yield break;
        }

        // A file that cannot be read may cover anything: what it lacks shows once it can.
        if (readings.Any(reading => reading.Credential is null && reading.Names.Count == 0)) yield break;
        foreach (var host in options.Hosts.Where(host => !readings.Any(reading => reading.Names.Any(name => name.Matches(host)))))
        {
            yield return $"Edge:Hosts: {host} is covered by no certificate in Certificates:Files; add a file that covers it, or remove the host";
        }
    }
}
